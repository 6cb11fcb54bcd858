import { BlockList, isIP } from 'node:net';
import type { JSONSchema } from 'json-schema-to-ts';
import type { Report } from './declaration.ts';
import { hostAndPort } from './units.ts';

/** What protects a server from whoever can reach its port. */
export interface Protection {
  /** It asks its clients for a key. */
  readonly keys: boolean;
  /** It encrypts. */
  readonly tls: boolean;
}

/** The option `insecure` of a server. */
export const insecureSchema = {
  type: 'boolean',
  default: false,
  description:
    'Whether it may listen beyond this machine without `keys` or without `tls`. Each start then warns of what is open. On a loopback address it changes nothing.',
} as const satisfies JSONSchema;

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether only this machine can reach the host: localhost, 127.0.0.0/8 or ::1. Any other name may lead anywhere. */
export function isLoopback(host: string): boolean {
  if (host.toLowerCase() === 'localhost') return true;
  const version = isIP(host);
  return version !== 0 && loopback.check(host, version === 6 ? 'ipv6' : 'ipv4');
}

/** What a server lacks, for messages: `keys and TLS`; undefined if nothing. */
export function missingProtection({ keys, tls }: Protection): string | undefined {
  const missing = [...(keys ? [] : ['keys']), ...(tls ? [] : ['TLS'])];
  return missing.length === 0 ? undefined : missing.join(' and ');
}

interface Exposed {
  readonly listen: string;
  readonly keys?: object | undefined;
  readonly tls?: object | boolean | undefined;
  readonly insecure: boolean;
}

/** Reports a server that other machines can reach without keys or TLS, unless its pipeline says that this is meant. */
export function checkExposure({ listen, keys, tls, insecure }: Exposed, report: Report): void {
  const missing = missingProtection({ keys: keys !== undefined, tls: tls !== undefined && tls !== false });
  if (insecure || missing === undefined || isLoopback(hostAndPort(listen).host)) return;
  report(
    ['listen'],
    `${listen} can be reached from other machines, without ${missing}`,
    'add `keys: { file: data/keys.json }` and `tls: { cert: FILE, key: FILE }`, or listen on 127.0.0.1; `insecure: true` leaves it open',
  );
}

/** What a start warns of: who can do what. */
export function exposureText({ keys, tls }: Protection): string | undefined {
  const everybody = 'whoever can reach it may read what it serves';
  if (!keys)
    return tls ? `without keys: ${everybody}` : `without keys and TLS: ${everybody}, and so may everybody on the way`;
  return tls ? undefined : 'without TLS: everybody on the way may read what it serves, and the keys of its clients';
}
