import type { Report } from '../../src/kit/declaration.ts';
import type { TlsFiles } from '../../src/kit/tls-files.ts';
import type { ClientTls } from './tls-client.ts';

/** The option `tls`, of a server or of a client. */
type TlsOption =
  | boolean
  | {
      readonly cert?: string | undefined;
      readonly key?: string | undefined;
      readonly ca?: string | undefined;
      readonly server_name?: string | undefined;
    };

interface Options {
  readonly listen?: string | undefined;
  readonly tls?: TlsOption | undefined;
}

/** A server has two files, a client has none of its own. */
export function checkTls({ listen, tls }: Options, report: Report): void {
  if (tls === undefined || tls === false) return;
  if (listen !== undefined) {
    if (serverFiles(tls) === undefined || has(tls, 'ca', 'server_name'))
      report(['tls'], 'expected `cert` and `key`, the files of this server', 'tls: { cert: cert.pem, key: key.pem }');
  } else if (has(tls, 'cert', 'key'))
    report(['tls'], 'expected true, or `ca`: `cert` and `key` are for a server', 'tls: true');
}

/** Of a server; undefined without `tls`. */
export function serverFiles(tls: TlsOption | undefined): TlsFiles | undefined {
  if (typeof tls !== 'object' || tls.cert === undefined || tls.key === undefined) return undefined;
  return { cert: tls.cert, key: tls.key };
}

/** Of a client; undefined without `tls`. */
export function clientTls(tls: TlsOption | undefined): ClientTls | undefined {
  if (tls === undefined || tls === false) return undefined;
  return typeof tls === 'object'
    ? { ca: tls.ca, serverName: tls.server_name }
    : { ca: undefined, serverName: undefined };
}

function has(tls: TlsOption, ...names: readonly string[]): boolean {
  return names.some((name) => typeof tls === 'object' && Object.hasOwn(tls, name));
}
