import { FdpError } from '../errors.ts';

/**
 * How a duration, size, rate or address is written in YAML. The spec reader checks with the
 * patterns, components parse.
 */
export const unitFormats = {
  duration: { pattern: /^\d+(\.\d+)?(ms|s|m|h|d)$/, expected: 'a duration such as 500ms, 5s, 10m, 1h or 7d' },
  size: { pattern: /^\d+(\.\d+)?(B|KiB|MiB|GiB)$/, expected: 'a size such as 512B, 64KiB, 1MiB or 2GiB' },
  rate: { pattern: /^(\d+(\.\d+)?\/(s|m|h)|max)$/, expected: 'a rate such as 50/s, 600/m, or max' },
  address: {
    pattern: /^(\[[0-9a-fA-F:.]+\]|[^\s:/]+):(\d{1,4}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d\d|655[0-2]\d|6553[0-5])$/,
    expected: 'an address such as 127.0.0.1:8888 or [::1]:8888',
  },
} as const;

const durations = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const sizes = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };
const perSecond = { s: 1, m: 1 / 60, h: 1 / 3600 };

/** `5s` in ms. */
export function durationMs(text: string): number {
  return scaled('duration', text, durations);
}

/** `1MiB` in bytes. */
export function sizeBytes(text: string): number {
  return Math.floor(scaled('size', text, sizes));
}

/** Bytes as a person writes them: `1 MiB`, `1.5 KiB`. */
export function sizeText(bytes: number): string {
  const [unit, size] = (Object.entries(sizes) as [string, number][]).findLast(([, each]) => bytes >= each) ?? ['B', 1];
  return `${Math.round((bytes / size) * 10) / 10} ${unit}`;
}

/** `50/s` in events per second; `max` is Infinity. */
export function ratePerSecond(text: string): number {
  return text === 'max' ? Number.POSITIVE_INFINITY : scaled('rate', text.replace('/', ''), perSecond, text);
}

/** `127.0.0.1:8888` as host and port. */
export function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  if (!unitFormats.address.pattern.test(text)) throw unreadable('address', text);
  const colon = text.lastIndexOf(':');
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) };
}

/** Host and port as one text, `hostAndPort` the other way round: an IPv6 address is in brackets. */
export function addressOf(host: string, port: number): string {
  return `${hostInAddress(host)}:${port}`;
}

/** A host as it stands in an address. */
export function hostInAddress(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

function scaled<U extends string>(
  format: keyof typeof unitFormats,
  text: string,
  units: Readonly<Record<U, number>>,
  whole = text,
): number {
  const [, amount, unit] = /^([\d.]+)([A-Za-z]+)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined || !(unit in units)) throw unreadable(format, whole);
  return Number(amount) * units[unit as U];
}

function unreadable(format: keyof typeof unitFormats, text: string): FdpError {
  return new FdpError('FDP_SPEC_INVALID', `expected ${unitFormats[format].expected}, got "${text}"`);
}
