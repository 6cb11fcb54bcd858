import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { errorText, FdpError } from '../../errors.ts';
import { HashChain, lineOf, type TapeRecord } from './line.ts';
import { chainSeed, type Manifest, manifestName, messagesName, type PartitionRange, tapeVersion } from './manifest.ts';

/** What is known of a tape before its messages. */
export type TapeSubject = Pick<Manifest, 'connector' | 'topic' | 'topic_id' | 'pipeline' | 'spec' | 'symbol'>;

export interface NewTape {
  readonly subject: TapeSubject;
  /** Of every partition of the log, what it held, in the order of their numbers: `messages` is not used. */
  readonly partitions: readonly PartitionRange[];
  /** In the order in which they are to be on the tape, those of a partition by offset. */
  readonly records: AsyncIterable<TapeRecord>;
  readonly signal: AbortSignal;
}

/** The size of what is packed at once, characters: the same records are packed into the same bytes. */
const chunkSize = 65_536;

/**
 * Writes a tape into a folder that appears once all of it is on the disk; a recording that was killed leaves `FOLDER.part`. In bounded
 * memory. Undefined, and nothing is left, if there is no message.
 * @throws FDP_USAGE if the folder, or one of an unfinished recording, is there; FDP_REFUSED, FDP_DISK_FULL if it can't be written; FDP_CLOSED
 *   if `signal` aborts; what `records` throws
 */
export async function writeTape(folder: string, { subject, ...tape }: NewTape): Promise<Manifest | undefined> {
  const part = `${folder}.part`;
  if (existsSync(folder))
    throw new FdpError('FDP_USAGE', `${folder} is there already, and a tape is never overwritten`);
  await makePart(part);
  try {
    const facts = await writeMessages(join(part, messagesName), { subject, ...tape });
    const manifest: Manifest = { tape: tapeVersion, ...subject, ...facts };
    if (manifest.messages > 0) {
      await writeFile(join(part, manifestName), `${JSON.stringify(manifest, null, 2)}\n`, { flush: true });
      await rename(part, folder);
      return manifest;
    }
    await rm(part, { recursive: true, force: true });
    return undefined;
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    throw refusal(error, folder, tape.signal);
  }
}

async function makePart(part: string): Promise<void> {
  await mkdir(dirname(part), { recursive: true }).catch((error: unknown) => {
    throw refusal(error, part);
  });
  try {
    await mkdir(part);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw refusal(error, part);
    const text = `${part} is there: another recording is running, or one was killed. If none runs, remove it`;
    throw new FdpError('FDP_USAGE', text);
  }
}

function refusal(error: unknown, folder: string, signal?: AbortSignal): Error {
  if (signal?.aborted)
    return new FdpError('FDP_CLOSED', `${folder}: the recording was stopped, and nothing is left of it`);
  if (error instanceof FdpError) return error;
  const code = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 'FDP_DISK_FULL' : 'FDP_REFUSED';
  return new FdpError(code, `${folder} can't be written: ${errorText(error)}`, { cause: error });
}

type Facts = Pick<Manifest, 'messages' | 'from' | 'to' | 'partitions' | 'chain'>;

async function writeMessages(path: string, { subject, partitions, records, signal }: NewTape): Promise<Facts> {
  const chain = new HashChain(chainSeed(subject));
  const ranges = partitions.map((each) => ({ ...each, first: -1, messages: 0 }));
  const facts = { messages: 0, from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
  async function* lines(): AsyncGenerator<string> {
    let text = '';
    for await (const record of records) {
      const range = ranges[record.partition];
      if (!range) throw new FdpError('FDP_INTERNAL', `${path}: there is no partition ${record.partition}`);
      if (range.messages++ === 0) range.first = record.offset;
      range.next = record.offset + 1;
      facts.messages++;
      facts.from = Math.min(facts.from, record.timestamp);
      facts.to = Math.max(facts.to, record.timestamp);
      text += `${chain.signed(lineOf(record))}\n`;
      for (; text.length >= chunkSize; text = text.slice(chunkSize)) yield text.slice(0, chunkSize);
    }
    yield text;
  }
  const bytes = Readable.from(lines(), { objectMode: false });
  await pipeline(bytes, createGzip(), createWriteStream(path, { flags: 'wx', flush: true }), { signal });
  const all = ranges.map((range) => (range.messages === 0 ? { ...range, first: range.next } : range));
  return { ...facts, partitions: all, chain: chain.head };
}
