import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { StreamSink } from '../../../connectors/stdout/stream-sink.ts';
import { toMessage } from '../../../src/kit/message.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { sourceMessage } from '../../support/engine/operators.ts';

const messages = (...values: readonly unknown[]) => values.map((value) => toMessage(sourceMessage(value), undefined));

const never = new AbortController().signal;

/** A reader that takes one chunk whenever the test lets it. */
function slowReader() {
  const chunks: string[] = [];
  let take: (error?: Error | null) => void = () => {};
  const stream = new Writable({
    highWaterMark: 1,
    decodeStrings: false,
    write(chunk, _encoding, done) {
      chunks.push(String(chunk));
      take = done;
    },
  });
  return { stream, chunks, take: (error?: Error) => take(error ?? null) };
}

describe('stdout', () => {
  it('writes the value of every message as one line, in order', async () => {
    const { stream, chunks, take } = slowReader();
    const sink = new StreamSink(testEnvironment(new VirtualClock()), { name: 'out', stream });
    await sink.connect();
    const written = sink.write(messages({ a: 1 }, 'two\nlines', null, undefined, [3.5]), never);
    take();
    expect(await written).toEqual({});
    expect(chunks.join('')).toBe('{"a":1}\n"two\\nlines"\nnull\nnull\n[3.5]\n');
    await sink.close();
    expect(stream.destroyed).toBe(false);
  });

  it('resolves only when the reader has taken the lines', async () => {
    const clock = new VirtualClock();
    const { stream, take } = slowReader();
    const sink = new StreamSink(testEnvironment(clock), { name: 'out', stream });
    await sink.connect();
    let isWritten = false;
    const written = sink.write(messages(1), never).then(() => {
      isWritten = true;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isWritten).toBe(false);
    take();
    await written;
    expect(isWritten).toBe(true);
  });

  it('ends the topology with one line when its reader closes the output', async () => {
    const { stream, take } = slowReader();
    const sink = new StreamSink(testEnvironment(new VirtualClock()), { name: 'out', stream });
    await sink.connect();
    await sink.connect();
    expect(stream.listenerCount('error')).toBe(1);
    const written = sink.write(messages(1), never);
    take(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
    await expect(written).rejects.toMatchObject({
      code: 'FDP_CLOSED',
      fault: 'fatal',
      message: 'out: the reader of the output has closed it',
    });
  });
});
