import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext } from 'node:tls';
import { errorText, FdpError } from '../errors.ts';
import { readAdvice } from './rights.ts';

/** Paths of the PEM files that a server proves itself with. */
export interface TlsFiles {
  /** The server's certificate, and after it those that lead to its authority. */
  readonly cert: string;
  /** The private key of that certificate. */
  readonly key: string;
}

/** What the files have, checked to belong together. */
export interface Credentials {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
  /** From when and until when the certificate is valid, Unix ms. */
  readonly from: number;
  readonly to: number;
}

/** Files of certificates are some KiB. */
const largest = 1024 * 1024;

/**
 * Reads and checks the files of a server.
 * @param setting how the pipeline or the environment names a file, for messages: `http: tls.cert`
 * @throws FDP_REFUSED when a file is missing, unreadable or something else, or the key is that of another certificate
 */
export function readCredentials(files: TlsFiles, setting: (file: keyof TlsFiles) => string): Credentials {
  const certText = readPem(files.cert, setting('cert'), 'the certificate of this server, PEM');
  const keyText = readPem(files.key, setting('key'), 'the private key of the certificate, PEM');
  const cert = certificateIn(certText, files.cert, setting('cert'));
  const key = privateKeyIn(keyText, files.key, setting('key'));
  if (!cert.checkPrivateKey(key))
    throw refused(
      setting('key'),
      `the key in ${files.key} does not belong to the first certificate in ${files.cert}`,
      "use the two files that were issued together, with the server's own certificate before those of its authority",
    );
  try {
    createSecureContext({ cert: certText, key: keyText });
  } catch (cause) {
    throw refused(setting('cert'), `OpenSSL does not take ${files.cert}: ${errorText(cause)}`, 'issue another', cause);
  }
  return { cert: certText, key: keyText, from: Date.parse(cert.validFrom), to: Date.parse(cert.validTo) };
}

/**
 * The certificates of the authorities that a client trusts, PEM.
 * @throws FDP_REFUSED when the file is missing, unreadable or has none
 */
export function readAuthorities(path: string, setting: string): string {
  const text = readPem(path, setting, 'the certificates of the trusted authorities, PEM');
  certificateIn(text, path, setting);
  return text;
}

function readPem(path: string, setting: string, expected: string): string {
  try {
    const stats = statSync(path);
    if (stats.isDirectory()) throw refused(setting, `${path} is a folder`, `name the file with ${expected}`);
    if (!stats.isFile() || stats.size > largest)
      throw refused(setting, `${path} is no file of a certificate or key`, `name the file with ${expected}`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof FdpError) throw cause;
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw refused(setting, `there is no file ${path}`, `put ${expected}, there, or change the path`, cause);
    const advice = readAdvice(path) ?? errorText(cause);
    throw refused(setting, `${path} can't be read`, advice, cause);
  }
}

function certificateIn(text: string, path: string, setting: string): X509Certificate {
  if (!text.includes('-----BEGIN CERTIFICATE-----')) {
    const isKey = /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text);
    const what = isKey ? 'is a private key' : 'has no certificate';
    const advice = isKey
      ? 'are `cert` and `key` in the place of each other?'
      : 'expected PEM, which begins with -----BEGIN CERTIFICATE-----; "openssl x509 -inform der -in FILE" makes it of DER';
    throw refused(setting, `${path} ${what}`, advice);
  }
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw refused(setting, `the certificate in ${path} is damaged (${errorText(cause)})`, 'copy it again', cause);
  }
}

function privateKeyIn(text: string, path: string, setting: string): KeyObject {
  if (/-----BEGIN ENCRYPTED PRIVATE KEY-----|Proc-Type: 4,ENCRYPTED/.test(text))
    throw refused(
      setting,
      `the key in ${path} is protected by a passphrase, which nobody could type here`,
      'decrypt it with "openssl pkey -in FILE -out OTHER", for its owner alone to read',
    );
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    const isCertificate = text.includes('-----BEGIN CERTIFICATE-----');
    const what = isCertificate ? 'is a certificate' : 'has no private key';
    const advice = isCertificate
      ? 'are `cert` and `key` in the place of each other?'
      : 'expected PEM, which begins with -----BEGIN PRIVATE KEY-----';
    throw refused(setting, `${path} ${what}`, advice);
  }
  try {
    return createPrivateKey(text);
  } catch (cause) {
    throw refused(setting, `the key in ${path} is damaged (${errorText(cause)})`, 'copy it again', cause);
  }
}

function refused(setting: string, what: string, advice: string, cause?: unknown): FdpError {
  return new FdpError('FDP_REFUSED', `${setting}: ${what}: ${advice}`, { cause });
}
