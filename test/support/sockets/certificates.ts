import { execFileSync } from 'node:child_process';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files of a test server, signed by an authority that nobody else trusts. */
export interface ServerFiles {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * Makes a CA, and a certificate of it for 127.0.0.1 and localhost, with openssl; both are valid for `days`. Certificates of
 * another `name` are in files of their own.
 */
export function serverFiles(folder: string, { name = 'server', days = 30 } = {}): ServerFiles {
  const file = (kind: string) => join(folder, `${name}${kind}`);
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const valid = ['-days', String(days)];
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  writeFileSync(file('.names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  const ca = [file('-ca.key'), file('-ca.pem')] as const;
  openssl('req', '-x509', ...newKey, ...valid, '-subj', `/CN=${name} CA`, '-keyout', ca[0], '-out', ca[1]);
  openssl('req', ...newKey, '-subj', `/CN=${name}`, '-keyout', file('.key'), '-out', file('.csr'));
  openssl(
    ...['x509', '-req', '-in', file('.csr'), '-CA', ca[1], '-CAkey', ca[0], '-CAcreateserial', ...valid],
    ...['-extfile', file('.names'), '-out', file('.pem')],
  );
  return { ca: ca[1], cert: file('.pem'), key: file('.key') };
}

/** Puts the files of one server in the place of another's, as a renewal does. */
export function replaceFiles(from: ServerFiles, to: ServerFiles): void {
  copyFileSync(from.cert, to.cert);
  copyFileSync(from.key, to.key);
}
