import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { errorText, FdpError } from '../../src/errors.ts';
import { sizeText } from '../../src/kit/units.ts';

/** The server, for the text of an error. */
export interface Asked {
  /** The connector's name. */
  readonly name: string;
  readonly host: string;
  /** Bytes. */
  readonly maxFrame: number;
}

const certificateCodes = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** The longest wait that a server may request, ms. */
const longestAskedMs = 3_600_000;

/**
 * Classifies an HTTP response instead of the upgrade. Only 401 is about the key, and is fatal; a 429, or a
 * `Retry-After`, is throttling; everything else may be a proxy, a status page or a firewall, and is transient.
 */
export function refusal({ name, host }: Asked, response: IncomingMessage, now: number): FdpError {
  const { statusCode, headers } = response;
  if (statusCode === 401)
    return new FdpError(
      'FDP_REFUSED',
      `${name}: the server refused the token (401): set \`token\` to a valid key, ` +
        'get a free one at https://finnhub.io/register',
    );
  const waitMs = retryAfterMs(headers, now);
  if (statusCode === 429 || waitMs !== undefined)
    return new FdpError(
      'FDP_UNAVAILABLE',
      `${host} responded with ${statusCode}: it refuses connections at the moment`,
      {
        fault: 'throttled',
        ...(waitMs === undefined ? {} : { waitMs }),
      },
    );
  const isBusy = statusCode === 408 || (statusCode ?? 0) >= 500;
  const hint = isBusy
    ? 'it refuses connections at the moment'
    : 'expected 101 (a WebSocket): if this persists, check `url`';
  return new FdpError('FDP_UNAVAILABLE', `${host} answers ${statusCode}: ${hint}`);
}

/**
 * The wait of a `Retry-After`, by RFC 9110: seconds, or a date in one of three forms, which is compared
 * with the server's own `Date` if it sends one. Undefined if it is missing or unreadable.
 */
export function retryAfterMs(headers: IncomingHttpHeaders, now: number): number | undefined {
  const text = headers['retry-after']?.trim();
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text)) return Math.min(1000 * Number(text), longestAskedMs);
  const at = httpDate(text);
  if (at === undefined) return undefined;
  return Math.min(Math.max(0, at - (httpDate(headers.date ?? '') ?? now)), longestAskedMs);
}

/** The oldest of the three forms names no zone, and is in GMT as the others are. */
function httpDate(text: string): number | undefined {
  if (!/^(mon|tue|wed|thu|fri|sat|sun)/i.test(text)) return undefined;
  const ms = Date.parse(/GMT$/i.test(text) ? text : `${text} GMT`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Why a connection failed or broke: certificate errors are fatal, everything else is transient. */
export function connectionError({ name, host, maxFrame }: Asked, cause: NodeJS.ErrnoException): FdpError {
  const { code = '' } = cause;
  if (certificateCodes.has(code))
    return new FdpError(
      'FDP_REFUSED',
      `${name}: the certificate of ${host} is not accepted (${code}): check \`url\`, the clock and NODE_EXTRA_CA_CERTS`,
      { cause },
    );
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    return new FdpError('FDP_CONNECTION_LOST', `${host} sent a frame larger than max_frame (${sizeText(maxFrame)})`, {
      cause,
    });
  return new FdpError('FDP_CONNECTION_LOST', explained(code, host) ?? `${host}: ${errorText(cause)}`, { cause });
}

function explained(code: string, host: string): string | undefined {
  switch (code) {
    case 'ECONNREFUSED':
      return `${host} refuses the connection: nothing listens there`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${host} closed the connection unexpectedly`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} can't be found: no such name`;
    default:
      return code.startsWith('WS_ERR_') ? `${host} sent an invalid frame (${code})` : undefined;
  }
}
