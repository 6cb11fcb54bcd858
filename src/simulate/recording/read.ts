import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { errorText, FdpError } from '../../errors.ts';
import { HashChain, recordOf, type TapeRecord } from './line.ts';
import { chainSeed, type Manifest, messagesName } from './manifest.ts';

const lineFeed = 0x0a;

/**
 * The records of a tape, in the order of their time, one after the other; each line is checked against its hash before it is given.
 * @throws FDP_USAGE where the tape was changed, damaged or shortened
 */
export async function* readTape(folder: string, manifest: Manifest): AsyncGenerator<TapeRecord> {
  const path = join(folder, messagesName);
  const chain = new HashChain(chainSeed(manifest));
  let count = 0;
  try {
    for await (const text of linesOf(path)) {
      count++;
      const line = chain.checked(text);
      if (line === undefined) throw broken(path, `line ${count} does not have the hash that follows`);
      yield recordOf(line);
    }
  } catch (error) {
    if (error instanceof FdpError) throw error;
    throw broken(path, `it can not be read beyond line ${count}: ${errorText(error)}`);
  }
  if (count !== manifest.messages || chain.head !== manifest.chain)
    throw broken(path, `expected ${manifest.messages} messages, and the hash of tape.json, got ${count}`);
}

/** Reads a tape to its end. @throws FDP_USAGE where it was changed, damaged or shortened */
export async function checkTape(folder: string, manifest: Manifest): Promise<void> {
  for await (const _record of readTape(folder, manifest));
}

/** The lines of a packed file. Only a line feed ends one: JSON may hold all else that others take for an end. */
async function* linesOf(path: string): AsyncGenerator<string> {
  // An error is thrown to whoever reads.
  const bytes: AsyncIterable<Buffer> = pipeline(createReadStream(path), createGunzip(), () => {});
  let begun: Buffer[] = [];
  for await (const chunk of bytes) {
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end >= 0; end = chunk.indexOf(lineFeed, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, end)]).toString();
      begun = [];
      start = end + 1;
    }
    begun.push(chunk.subarray(start));
  }
  const rest = Buffer.concat(begun).toString();
  if (rest !== '') yield rest;
}

function broken(path: string, why: string): FdpError {
  return new FdpError('FDP_USAGE', `${path}: ${why}: the tape was changed or damaged`);
}
