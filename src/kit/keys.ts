import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { JSONSchema } from 'json-schema-to-ts';
import { errorText } from '../errors.ts';
import type { Environment } from './environment.ts';
import { FileChanges } from './file-changes.ts';
import { hashOf, type KeyScope, readKeyFile, type StoredKey } from './key-file.ts';
import { openToAll } from './rights.ts';

/** Longer ones are no keys. */
const maxKey = 200;

/** The file of keys, for the option `keys` of a server. */
export const keyFileSchema = {
  type: 'string',
  format: 'path',
  minLength: 1,
  description: 'File of the hashes of the keys. `fdp keys add NAME` adds one; changes take effect within a second.',
  examples: ['data/keys.json'],
} as const satisfies JSONSchema;

interface KnownKey extends Pick<StoredKey, 'name' | 'scopes'> {
  readonly hash: Buffer;
}

/** Why a client is not let in. */
export interface KeyRefusal {
  readonly status: 401 | 403 | 429;
  readonly code: 'FDP_UNAUTHENTICATED' | 'FDP_FORBIDDEN' | 'FDP_RATE_LIMITED';
  readonly text: string;
  /** Of 429: how long to wait, s. */
  readonly retryAfter?: number;
  /** A key was sent, and it is unknown: who has none yet guesses nothing. */
  readonly isWrong?: true;
}

/** Who was let in, or why not. */
export type Admission =
  | { readonly name: string; readonly scopes: readonly KeyScope[]; readonly refusal?: undefined }
  | { readonly refusal: KeyRefusal };

/** Who may ask: the keys of a file, which is read again when it has changed. While it can't be read, nobody is let in. */
export class Keys {
  readonly #path: string;
  readonly #name: string;
  readonly #environment: Pick<Environment, 'clock' | 'log'>;
  #keys: readonly KnownKey[] = [];
  readonly #changes: FileChanges;

  /** @param name of the connector, for messages */
  constructor(path: string, name: string, environment: Pick<Environment, 'clock' | 'log'>) {
    this.#path = path;
    this.#name = name;
    this.#environment = environment;
    this.#changes = new FileChanges([path], environment.clock);
  }

  /** Reads the file, and warns if it lets nobody in, or is not its owner's alone. @throws FDP_REFUSED when it can't be read */
  open(): void {
    this.#changes.seen();
    this.#read();
    const text = `${this.#name}: ${this.#path} has no key, so nobody is let in: "fdp keys add NAME" adds one`;
    if (this.#keys.length === 0) this.#environment.log.warn({}, text);
    const open = openToAll(this.#path);
    if (open !== undefined) this.#environment.log.warn({}, `${this.#name}: ${open}`);
  }

  /**
   * Whether a key has the scope. Takes the same time whichever key it is.
   * @param how clients send their key, for those who sent none
   */
  admit(given: string | undefined, scope: KeyScope, how: string): Admission {
    this.#refresh();
    if (given === undefined || given === '' || given.length > maxKey)
      return unauthenticated(`a key is required: send it as ${how}`);
    const hash = hashOf(given);
    let found: KnownKey | undefined;
    for (const key of this.#keys) if (timingSafeEqual(key.hash, hash)) found = key;
    if (!found) return unauthenticated('the key is unknown', { isWrong: true });
    const { name, scopes } = found;
    if (scopes.includes(scope)) return { name, scopes };
    return { refusal: { status: 403, code: 'FDP_FORBIDDEN', text: `the key does not have the scope "${scope}"` } };
  }

  #refresh(): void {
    if (!this.#changes.changed()) return;
    try {
      this.#read();
      this.#environment.log.info({ keys: this.#keys.length }, `${this.#name}: the keys in ${this.#path} have changed`);
    } catch (error) {
      this.#keys = [];
      this.#environment.log.error({}, `${this.#name}: nobody is let in: ${errorText(error)}`);
    }
  }

  #read(): void {
    this.#keys = readKeyFile(this.#path).map(({ name, scopes, hash }) => ({
      ...{ name, scopes },
      hash: Buffer.from(hash, 'hex'),
    }));
  }
}

/** How a client of HTTP sends its key. */
const howInHttp = '`Authorization: Bearer KEY`';

/** `Keys.admit` for a request of HTTP: `X-API-Key: KEY`, `Authorization: Bearer KEY`, or the password of `Authorization: Basic`. */
export function admitRequest(keys: Keys, headers: IncomingHttpHeaders, scope: KeyScope): Admission {
  return keys.admit(keyIn(headers), scope, howInHttp);
}

/** Headers of the reply. A browser asks its user for the key, as the password of any name; Chromium reads one challenge only. */
export function refusalHeaders({ status, retryAfter }: KeyRefusal): Readonly<Record<string, string>> {
  if (retryAfter !== undefined) return { 'Retry-After': String(retryAfter) };
  return status === 401 ? { 'WWW-Authenticate': 'Basic realm="fdp", charset="UTF-8"' } : {};
}

function unauthenticated(text: string, more: Pick<KeyRefusal, 'isWrong'> = {}): Admission {
  return { refusal: { status: 401, code: 'FDP_UNAUTHENTICATED', text, ...more } };
}

function keyIn(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['x-api-key'];
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(/\s+(.*)/);
  return typeof own === 'string' ? own : scheme.toLowerCase() === 'bearer' ? value : passwordIn(scheme, value);
}

function passwordIn(scheme: string, value: string): string | undefined {
  if (scheme.toLowerCase() !== 'basic' || value.length > 2 * maxKey) return undefined;
  return /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8'))?.[1];
}
