import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorText, FdpError } from '../errors.ts';
import { parseJson } from './json.ts';

/**
 * What a key may be used for: `read` the routes and their reference, `stream` the live page, its events and the TCP feed, `admin`
 * metrics, and the options of connectors.
 */
export const keyScopes = ['read', 'stream', 'admin'] as const;

export type KeyScope = (typeof keyScopes)[number];

/** A key as its file has it: the key itself is nowhere. */
export interface StoredKey {
  readonly name: string;
  readonly scopes: readonly KeyScope[];
  /** SHA-256 of the key, hexadecimal. A key has 256 random bits, so that a slow hash would add nothing. */
  readonly hash: string;
  /** When it was added, RFC 3339. */
  readonly added: string;
}

const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;
const hashPattern = /^[0-9a-f]{64}$/;

/** Whether a key may have this name. */
export function isKeyName(name: string): boolean {
  return namePattern.test(name);
}

/** A new key; whoever has it is let in. */
export function newKey(): string {
  return `fdp_${randomBytes(32).toString('base64url')}`;
}

export function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

/**
 * The keys of a file, none if there is no such file.
 * @throws FDP_REFUSED when it can't be read, or is something else
 */
export function readKeyFile(path: string): readonly StoredKey[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new FdpError('FDP_REFUSED', `the keys in ${path} can't be read: ${errorText(cause)}`, { cause });
  }
  const { keys } = objectIn(text, path);
  if (Array.isArray(keys) && keys.every(isStoredKey)) return keys;
  throw new FdpError('FDP_REFUSED', `${path} is no file of keys: make one with "fdp keys add NAME"`);
}

function objectIn(text: string, path: string): { readonly keys?: unknown } {
  try {
    const value = parseJson(text);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    // What is wrong with it would be told with a part of it, which may be a key that somebody put there.
    throw new FdpError('FDP_REFUSED', `${path} is no file of keys, not even JSON: make one with "fdp keys add NAME"`);
  }
}

function isStoredKey(value: unknown): value is StoredKey {
  if (typeof value !== 'object' || value === null) return false;
  const { name, scopes, hash, added } = value as Partial<Record<keyof StoredKey, unknown>>;
  return (
    typeof name === 'string' &&
    isKeyName(name) &&
    typeof hash === 'string' &&
    hashPattern.test(hash) &&
    typeof added === 'string' &&
    Array.isArray(scopes) &&
    scopes.every((scope) => keyScopes.some((known) => known === scope))
  );
}

/**
 * Replaces the file in one step, so that a server never reads a part of it. Only its owner may read it.
 * @throws FDP_REFUSED when it can't be written
 */
export function writeKeyFile(path: string, keys: readonly StoredKey[]): void {
  const draft = `${path}.new`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(draft, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600 });
    chmodSync(draft, 0o600);
    renameSync(draft, path);
  } catch (cause) {
    throw new FdpError('FDP_REFUSED', `the keys in ${path} can't be written: ${errorText(cause)}`, { cause });
  }
}
