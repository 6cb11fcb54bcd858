import type { IncomingMessage } from 'node:http';
import { FdpError, messageOf } from '../../src/errors.ts';

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

/** Statuses that time can cure, beside all from 500. */
const curable: readonly (number | undefined)[] = [408, 429];

/** FDP_REFUSED for a wrong key, with what the server said about it. */
export function tokenRefused(name: string, said: string): FdpError {
  return new FdpError(
    'FDP_REFUSED',
    `${name}: the server refused the token (${said}): set FINNHUB_TOKEN to a valid key, ` +
      'a free one is to be had at https://finnhub.io/register',
  );
}

/**
 * What an HTTP answer instead of the upgrade means: FDP_REFUSED, fatal, for what a person must cure (a refused key, a
 * wrong address), `throttled` or transient for the rest.
 */
export function refusal(name: string, host: string, { statusCode, headers }: IncomingMessage): FdpError {
  if (statusCode === 401 || statusCode === 403) return tokenRefused(name, String(statusCode));
  if (curable.includes(statusCode) || (statusCode !== undefined && statusCode >= 500)) {
    const waitMs = 1000 * Number(headers['retry-after']);
    return new FdpError('FDP_UNAVAILABLE', `${host} answers ${statusCode}: it wants no connection now`, {
      ...(waitMs > 0 ? { fault: 'throttled', waitMs: Math.min(waitMs, 3_600_000) } : {}),
    });
  }
  return new FdpError(
    'FDP_REFUSED',
    `${name}: ${host} answered ${statusCode}, expected 101 (a WebSocket): check \`url\` and FINNHUB_TOKEN`,
  );
}

/** Why a connection failed or broke: a certificate is fatal, everything else time can cure. */
export function connectionError(name: string, host: string, cause: NodeJS.ErrnoException): FdpError {
  const { code = '' } = cause;
  if (certificateCodes.has(code))
    return new FdpError(
      'FDP_REFUSED',
      `${name}: the certificate of ${host} is not accepted (${code}): check \`url\`, the clock and NODE_EXTRA_CA_CERTS`,
      { cause },
    );
  return new FdpError('FDP_CONNECTION_LOST', explained(code, host) ?? `${host}: ${messageOf(cause)}`, { cause });
}

function explained(code: string, host: string): string | undefined {
  switch (code) {
    case 'ECONNREFUSED':
      return `${host} refuses the connection: nothing listens there`;
    case 'ECONNRESET':
    case 'EPIPE':
      return `${host} has cut the connection`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${host} can't be found: no such name`;
    default:
      return code.startsWith('WS_ERR_') ? `${host} sent a broken frame (${code})` : undefined;
  }
}
