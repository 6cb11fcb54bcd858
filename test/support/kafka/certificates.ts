import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** PEM files of a test CA, its server and one client. */
export interface Certificates {
  readonly ca: string;
  /** Key, certificate and CA of the server, in one file. */
  readonly server: string;
  readonly cert: string;
  readonly key: string;
  /** A CA that signed none of these certificates. */
  readonly otherCa: string;
}

/** Creates the files in `folder` with openssl; valid for a day, for 127.0.0.1 and localhost. */
export function makeCertificates(folder: string): Certificates {
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const authority = (name: string) =>
    openssl(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${name}`],
      ...['-keyout', `${name}.key`, '-out', `${name}.pem`],
    );
  const sign = (name: string) => {
    openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', 'csr');
    openssl(
      ...['x509', '-req', '-in', 'csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '1'],
      ...['-extfile', 'names', '-out', `${name}.pem`],
    );
  };
  writeFileSync(file('names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  for (const name of ['ca', 'other']) authority(name);
  for (const name of ['server', 'client']) sign(name);
  const whole = ['server.key', 'server.pem', 'ca.pem'].map((name) => readFileSync(file(name), 'utf8')).join('');
  writeFileSync(file('server-all.pem'), whole);
  return {
    ca: file('ca.pem'),
    server: file('server-all.pem'),
    cert: file('client.pem'),
    key: file('client.key'),
    otherCa: file('other.pem'),
  };
}
