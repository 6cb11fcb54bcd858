import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { parseJson } from '../../kit/json.ts';
import type { RecordHeader, SourceMessage } from '../../kit/message.ts';

/** A record of a log as a tape holds it, its bytes untouched. */
export interface TapeRecord extends Pick<SourceMessage, 'key' | 'timestamp' | 'extra'> {
  readonly partition: number;
  readonly offset: number;
  readonly value: string | Uint8Array;
}

/** Bytes in JSON: as text if they are UTF-8, else as base64. */
type Held = string | null | { readonly base64: string };

interface Line {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Held;
  readonly value: Held;
  readonly headers?: readonly (readonly [string, Held])[];
}

/** The digits of a hash that a line ends with. */
const hashDigits = 16;
const lineEnd = /,"hash":"([0-9a-f]+)"\}$/;

/** A record as JSON on one line. */
export function lineOf({ partition, offset, timestamp, key, value, extra }: TapeRecord): string {
  const headers = extra?.headers?.map(([name, bytes]) => [name, bytes && held(bytes)] as const);
  const line: Line = {
    ...{ partition, offset, timestamp },
    key: extra?.keyBytes ? held(extra.keyBytes) : key,
    value: extra?.isTombstone ? null : held(value),
    ...(headers && { headers }),
  };
  return JSON.stringify(line);
}

/** The record of a line. @throws FDP_MESSAGE_UNREADABLE, TypeError for a line that is none */
export function recordOf(text: string): TapeRecord {
  const { partition, offset, timestamp, key, value, headers } = parseJson(text) as Line;
  const keyBytes = typeof key === 'object' && key !== null ? Buffer.from(key.base64, 'base64') : undefined;
  const extra = {
    ...(headers && {
      headers: headers.map(([name, each]): RecordHeader => [name, each === null ? null : bytesOf(each)]),
    }),
    ...(keyBytes && { keyBytes }),
    ...(value === null && { isTombstone: true as const }),
  };
  return {
    ...{ partition, offset, timestamp },
    key: keyBytes ? keyBytes.toString() : (key as string | null),
    value: typeof value === 'string' ? value : value === null ? new Uint8Array() : bytesOf(value),
    ...(Object.keys(extra).length > 0 && { extra }),
  };
}

function held(bytes: string | Uint8Array): Held {
  if (typeof bytes === 'string') return bytes;
  const whole = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(whole) ? whole.toString() : { base64: whole.toString('base64') };
}

function bytesOf(given: Exclude<Held, null>): Uint8Array {
  return typeof given === 'string' ? Buffer.from(given) : Buffer.from(given.base64, 'base64');
}

/** Each line has the hash of itself and of all before it, so that a tape can't be changed or shortened unseen. */
export class HashChain {
  #head: string;

  /** @param seed what the whole tape is of */
  constructor(seed: string) {
    this.#head = sha256(seed);
  }

  /** Of all lines so far: 64 hexadecimal digits. */
  get head(): string {
    return this.#head;
  }

  /** The line with its hash. */
  signed(line: string): string {
    this.#head = sha256(`${this.#head}\n${line}`);
    return `${line.slice(0, -1)},"hash":"${this.#head.slice(0, hashDigits)}"}`;
  }

  /** The line without its hash; undefined if it is not the one that follows. */
  checked(signed: string): string | undefined {
    const found = lineEnd.exec(signed);
    if (!found) return undefined;
    const line = `${signed.slice(0, found.index)}}`;
    this.#head = sha256(`${this.#head}\n${line}`);
    return found[1] === this.#head.slice(0, hashDigits) ? line : undefined;
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
