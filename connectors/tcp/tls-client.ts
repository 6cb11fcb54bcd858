import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { readAuthorities } from '../../src/kit/tls-files.ts';
import { hostAndPort } from '../../src/kit/units.ts';

/** How a client encrypts, and whom it trusts. */
export interface ClientTls {
  /** File of the trusted authorities, PEM; undefined: those that Node.js trusts. */
  readonly ca: string | undefined;
  /** The name that the server's certificate is for, if not the host of the address. */
  readonly serverName: string | undefined;
}

interface Dialled {
  readonly socket: Socket;
  /** The event after which lines may come. */
  readonly ready: 'connect' | 'secureConnect';
}

/**
 * Begins a connection.
 * @param name the connector's, for messages
 * @throws FDP_REFUSED when the file of the authorities can't be used
 */
export function dial(address: string, name: string, tls: ClientTls | undefined): Dialled {
  const options = { ...hostAndPort(address), noDelay: true, keepAlive: true, keepAliveInitialDelay: keepAliveMs };
  if (!tls) return { socket: connect(options), ready: 'connect' };
  const ca = tls.ca === undefined ? {} : { ca: readAuthorities(tls.ca, `${name}: tls.ca`) };
  const servername = tls.serverName === undefined ? {} : { servername: tls.serverName };
  return { socket: connectTls({ ...options, ...ca, ...servername }), ready: 'secureConnect' };
}

const keepAliveMs = 30_000;

/** Why a server was not believed, and what to do; undefined for an error of another kind. */
export function tlsRefusal(code: string | undefined, address: string): string | undefined {
  switch (code) {
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return `${address} speaks no TLS: remove \`tls\` here, or give that server \`tls\``;
    case 'CERT_HAS_EXPIRED':
      return `the certificate of ${address} has expired: renew it there`;
    case 'CERT_NOT_YET_VALID':
      return `the certificate of ${address} is not valid yet: are both clocks right?`;
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the certificate of ${address} is for another name: connect to a name that it has, or set \`tls.server_name\``;
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
      return `the certificate of ${address} is of an authority that is not trusted: set \`tls: { ca: FILE }\` (${code})`;
    default:
      return undefined;
  }
}
