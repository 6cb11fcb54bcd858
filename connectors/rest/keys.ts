import { timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { errorText } from '../../src/errors.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { Refusal } from './answer.ts';
import { hashOf, type KeyScope, readKeyFile, type StoredKey } from './key-file.ts';

/** How long a change of the file may go unnoticed, ms. */
const checkEveryMs = 1000;
/** Longer ones are no keys. */
const maxKey = 200;

interface KnownKey extends Pick<StoredKey, 'name' | 'scopes'> {
  readonly hash: Buffer;
}

/** Who may ask: the keys of a file, which is read again when it has changed. While it can't be read, nobody is let in. */
export class Keys {
  readonly #path: string;
  readonly #name: string;
  readonly #environment: Pick<Environment, 'clock' | 'log'>;
  #keys: readonly KnownKey[] = [];
  #version: string | undefined;
  #checkedAt = Number.NEGATIVE_INFINITY;

  /** @param name of the connector, for messages */
  constructor(path: string, name: string, environment: Pick<Environment, 'clock' | 'log'>) {
    this.#path = path;
    this.#name = name;
    this.#environment = environment;
  }

  /** Reads the file, and warns if it lets nobody in. @throws FDP_REFUSED when it can't be read */
  open(): void {
    this.#version = versionOf(this.#path);
    this.#read();
    const text = `${this.#name}: ${this.#path} has no key, so every request gets 401: "fdp-run keys add NAME" adds one`;
    if (this.#keys.length === 0) this.#environment.log.warn({}, text);
  }

  /** Why a request is refused; undefined if its key has the scope. Takes the same time whichever key it has. */
  refusal(headers: IncomingHttpHeaders, scope: KeyScope): Refusal | undefined {
    this.#refresh();
    const given = keyIn(headers);
    if (given === undefined) return unauthenticated('a key is required: send it as `Authorization: Bearer KEY`');
    const hash = hashOf(given);
    let found: KnownKey | undefined;
    for (const key of this.#keys) if (timingSafeEqual(key.hash, hash)) found = key;
    if (!found) return unauthenticated('the key is unknown');
    if (found.scopes.includes(scope)) return undefined;
    return { status: 403, code: 'FDP_FORBIDDEN', text: `the key does not have the scope "${scope}"` };
  }

  #refresh(): void {
    const now = this.#environment.clock.monotonic();
    if (now - this.#checkedAt < checkEveryMs) return;
    this.#checkedAt = now;
    const version = versionOf(this.#path);
    if (version === this.#version) return;
    this.#version = version;
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

/** Changes with the file. */
function versionOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats && `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
}

/** A browser asks its user for the key, as the password of any name. Chromium reads one challenge of a header only. */
const challenge = { 'WWW-Authenticate': 'Basic realm="fdp", charset="UTF-8"' };

function unauthenticated(text: string): Refusal {
  return { status: 401, code: 'FDP_UNAUTHENTICATED', text, headers: challenge };
}

/** `X-API-Key: KEY`, `Authorization: Bearer KEY`, or the password of `Authorization: Basic`. */
function keyIn(headers: IncomingHttpHeaders): string | undefined {
  const own = headers['x-api-key'];
  const [scheme = '', value = ''] = (headers.authorization ?? '').split(/\s+(.*)/);
  const given = typeof own === 'string' ? own : scheme.toLowerCase() === 'bearer' ? value : passwordIn(scheme, value);
  return given === undefined || given === '' || given.length > maxKey ? undefined : given;
}

function passwordIn(scheme: string, value: string): string | undefined {
  if (scheme.toLowerCase() !== 'basic' || value.length > 2 * maxKey) return undefined;
  return /^[^:]*:(.*)$/s.exec(Buffer.from(value, 'base64').toString('utf8'))?.[1];
}
