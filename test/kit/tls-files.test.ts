import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAuthorities, readCredentials } from '../../src/kit/tls-files.ts';
import { type ServerFiles, serverFiles } from '../support/sockets/certificates.ts';

let folder: string;
let good: ServerFiles;
let other: ServerFiles;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdp-tls-'));
  good = serverFiles(folder);
  other = serverFiles(folder, { name: 'other' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const read = (files: { readonly cert: string; readonly key: string }) =>
  readCredentials(files, (file) => `http: tls.${file}`);

function file(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('the files of a certificate', () => {
  it('are read with the time that they are valid', () => {
    const { cert, key, from, to } = read(good);
    expect([cert, key]).toEqual([readFileSync(good.cert, 'utf8'), readFileSync(good.key, 'utf8')]);
    expect(Math.round((to - from) / 86_400_000)).toBe(30);
  });

  it('may have the certificates of the authority after the one of the server, in whatever is around them', () => {
    const chain = file('chain.pem', `a comment\n${readFileSync(good.cert, 'utf8')}${readFileSync(good.ca, 'utf8')}`);
    expect(read({ cert: chain, key: good.key }).cert).toContain('a comment');
  });

  it.each([
    [
      'missing',
      () => ({ cert: join(folder, 'none.pem'), key: good.key }),
      'tls.cert: there is no file .*none.pem: put',
    ],
    [
      'a folder',
      () => ({ cert: good.cert, key: folder }),
      'tls.key: .* is a folder: name the file with the private key',
    ],
    ['of a device', () => ({ cert: '/dev/null', key: good.key }), 'tls.cert: /dev/null is no file of a certificate'],
    [
      'swapped',
      () => ({ cert: good.key, key: good.cert }),
      'tls.cert: .* is a private key: are `cert` and `key` in the',
    ],
    [
      'twice the same',
      () => ({ cert: good.cert, key: good.cert }),
      'tls.key: .* is a certificate: are `cert` and `key`',
    ],
    [
      'of two servers',
      () => ({ cert: good.cert, key: other.key }),
      'tls.key: the key in .*other.key does not belong to',
    ],
    [
      'text',
      () => ({ cert: file('text', 'hello'), key: good.key }),
      'tls.cert: .*text has no certificate: expected PEM',
    ],
    [
      'no key',
      () => ({ cert: good.cert, key: file('text', 'hello') }),
      'tls.key: .*text has no private key: expected PEM',
    ],
    [
      'damaged',
      () => ({ cert: file('half', damaged(good.cert)), key: good.key }),
      'tls.cert: the certificate in .*half is',
    ],
    [
      'with a damaged key',
      () => ({ cert: good.cert, key: file('half', damaged(good.key)) }),
      'tls.key: the key in .*half',
    ],
    ['DER', () => ({ cert: der(), key: good.key }), 'tls.cert: .*der has no certificate: .*openssl x509 -inform der'],
    ['with a passphrase', () => ({ cert: good.cert, key: encrypted() }), 'tls.key: .* passphrase.*openssl pkey -in'],
  ] as const)('that are %s are refused with what is wrong, and what to do', (_what, files, text) => {
    const error = thrownBy(() => read(files()));
    expect(error).toMatchObject({ code: 'FDP_REFUSED', fault: 'fatal' });
    expect(error.message).toMatch(new RegExp(`^http: ${text}`));
    expect(error.message).not.toMatch(/\n|BEGIN RSA|MII|MHc/);
  });

  it.skipIf(process.getuid?.() === 0)('that may not be read are refused with their owner', () => {
    const secret = file('secret.key', readFileSync(good.key));
    chmodSync(secret, 0o000);
    expect(() => read({ cert: good.cert, key: secret })).toThrow(/secret\.key can't be read: make .*chmod u\+r it/);
  });

  it('of trusted authorities are checked in the same way', () => {
    expect(readAuthorities(good.ca, 'feed: tls.ca')).toContain('BEGIN CERTIFICATE');
    expect(() => readAuthorities(good.key, 'feed: tls.ca')).toThrow('feed: tls.ca: ');
  });
});

/** With half of its text. */
function damaged(path: string): string {
  const text = readFileSync(path, 'utf8');
  const [first = '', ...lines] = text.trim().split('\n');
  return [first, ...lines.slice(0, 1), lines.at(-1)].join('\n');
}

function der(): string {
  const path = join(folder, 'der');
  execFileSync('openssl', ['x509', '-in', good.cert, '-outform', 'der', '-out', path]);
  return path;
}

function encrypted(): string {
  const path = join(folder, 'encrypted.key');
  execFileSync('openssl', ['pkey', '-in', good.key, '-aes256', '-passout', 'pass:x', '-out', path]);
  return path;
}

function thrownBy(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}
