import assert from 'node:assert/strict';
import { isGapMessage } from '../kit/gap-message.ts';
import type { SourceGuarantee } from '../kit/guarantee.ts';
import type { SourceMessage } from '../kit/message.ts';
import type { NodeStats } from '../kit/node-stats.ts';
import type { Lane, Reading, Source } from '../kit/source.ts';
import { assertNoTimers, type Bench, type Check, inTime, onBench } from './check.ts';

/** A source that is not connected yet, in a world that gives it messages. */
export interface SourceBench extends Bench {
  readonly source: Source;
  /** The node of its role. */
  readonly node: NodeStats;
  /**
   * Gives that many more messages to the connected source, numbered from 0. Left out: the source
   * makes them itself.
   */
  give?(count: number): Promise<void>;
  /** The number of a message that `give` gave. */
  numberOf?(message: SourceMessage): number;
  /** True for a source that reads what was there before it was connected, to its end. */
  readonly readsBacklog?: boolean;
  /** True if a lane is one request, which gets a reply. */
  readonly answers?: boolean;
  /**
   * What the declaration promises with the options of the source; left out: it is not compared with
   * the source.
   */
  readonly guarantee?: SourceGuarantee;
  /** Messages that the source has counted as dropped. */
  lost?(): number;
}

const never = new AbortController().signal;

/** The promises of every source; `make` makes a bench for each check. */
export function sourceContract(make: () => Promise<SourceBench>): readonly Check[] {
  return checks.map(([title, work]) => onBench(title, make, { work, close: ({ source }) => source.close() }));
}

const checks: readonly (readonly [string, (bench: SourceBench) => Promise<void>])[] = [
  ['opens a lane once it is connected, and gives what comes in order, with its bytes', givesInOrder],
  ['gives or counts every message, also when nobody reads for a while', losesNothing],
  ['declares that it loses messages, unless it can read them again', admitsLoss],
  ['ends a read that waits when its signal aborts', endsRead],
  ['takes in nothing more once it is unsubscribed', endsIntake],
  ['closes while a read waits, ends its lanes, and closes again', closes],
  ['closes without having been connected, as often as it is called', closesUnused],
  ['gives up connecting when its signal aborts', givesUpConnecting],
];

async function givesInOrder(bench: SourceBench): Promise<void> {
  const reader = await connected(bench, 3);
  reader.start();
  await inTime(bench, 'three messages', reader.whenRead(3));
  for (const { lane, reading } of reader.readings) checkReading(bench, lane, reading);
  reader.checkOrder(bench);
  await inTime(bench, 'close', bench.source.close());
}

function checkReading(
  { source: { replayable }, answers }: SourceBench,
  lane: Lane,
  { messages, bytes, position, warmUp }: Reading,
): void {
  assert.ok(messages.length > 0, 'a reading without a message');
  assert.ok(Number.isFinite(bytes) && bytes > 0, `a reading of ${bytes} bytes`);
  assert.ok(messages.length <= (lane.batch ?? Number.POSITIVE_INFINITY), 'a reading of more than its batch');
  for (const { meta, timestamp } of messages) {
    if (!answers) assert.equal(meta.lane, lane.id, 'the lane that a message names');
    assert.ok(Number.isFinite(timestamp), `a timestamp of ${timestamp}`);
  }
  if (!replayable) assert.equal(lane.group, undefined, 'nobody has a position in what is not read again');
  if (warmUp) return;
  if (lane.group) assert.notEqual(position, undefined, 'a reading has the position that its group commits');
  if (!replayable) assert.equal(position, undefined, 'a position of what is not read again');
}

async function losesNothing(bench: SourceBench): Promise<void> {
  if (!bench.give || bench.answers) return;
  const reader = await connected(bench, 50);
  reader.start();
  await inTime(
    bench,
    '50 messages',
    reader.until(() => reader.messages.length + (bench.lost?.() ?? 0) >= 50),
  );
  reader.checkOrder(bench);
  await inTime(bench, 'close', bench.source.close());
}

async function admitsLoss(bench: SourceBench): Promise<void> {
  const { source, guarantee } = bench;
  if (guarantee && !source.replayable) assert.ok(guarantee.loses, 'nothing is read again, but no loss is declared');
  await inTime(bench, 'close', source.close());
}

async function endsRead(bench: SourceBench): Promise<void> {
  const reader = await connected(bench, bench.give ? 1 : 0);
  reader.start();
  if (bench.give) await inTime(bench, 'a message', reader.whenRead(1));
  reader.stop.abort();
  await inTime(bench, 'the reads that wait', reader.ended());
  await inTime(bench, 'close', bench.source.close());
}

async function endsIntake(bench: SourceBench): Promise<void> {
  const reader = await connected(bench, 2);
  reader.start();
  await inTime(bench, 'two messages', reader.whenRead(2));
  reader.unsubscribe();
  const lanes = reader.lanes.length;
  // The source may be closed already.
  await bench.give?.(3).catch(() => {});
  await inTime(bench, 'the lanes after the unsubscription', reader.ended());
  assert.equal(reader.lanes.length, lanes, 'a lane was opened after the unsubscription');
  if (bench.give) assert.equal(reader.messages.length, 2, 'messages that came after the unsubscription');
  await inTime(bench, 'close', bench.source.close());
}

async function closes(bench: SourceBench): Promise<void> {
  const reader = await connected(bench, bench.give ? 1 : 0);
  reader.start();
  if (bench.give) await inTime(bench, 'a message', reader.whenRead(1));
  await inTime(bench, 'close', bench.source.close());
  await inTime(bench, 'the reads that wait', reader.ended());
  await inTime(bench, 'close again', bench.source.close());
  reader.unsubscribe();
  await inTime(bench, 'close after the unsubscription', bench.source.close());
  assertNoTimers(bench);
}

async function closesUnused(bench: SourceBench): Promise<void> {
  await inTime(bench, 'close', bench.source.close());
  await inTime(bench, 'close again', bench.source.close());
  assertNoTimers(bench);
}

async function givesUpConnecting(bench: SourceBench): Promise<void> {
  await inTime(
    bench,
    'connect',
    bench.source.connect(AbortSignal.abort()).catch(() => {}),
  );
  await inTime(bench, 'close', bench.source.close());
  assertNoTimers(bench);
}

/** A connected source that was given `count` messages, nothing read yet. */
async function connected(bench: SourceBench, count: number): Promise<Reader> {
  if (bench.readsBacklog) await bench.give?.(count);
  await inTime(bench, 'connect', bench.source.connect(never));
  const reader = new Reader(bench.source);
  if (!bench.readsBacklog) await bench.give?.(count);
  return reader;
}

/** Reads all lanes of a source, one read of a lane at a time. */
class Reader {
  readonly lanes: Lane[] = [];
  readonly readings: { readonly lane: Lane; readonly reading: Reading }[] = [];
  readonly stop = new AbortController();
  readonly #reads: Promise<void>[] = [];
  readonly #subscription: { unsubscribe(): void };
  #isStarted = false;
  #error: unknown;
  #wake = () => {};

  constructor(source: Source) {
    this.#subscription = source.lanes.subscribe({
      next: (lane) => {
        this.lanes.push(lane);
        if (this.#isStarted) this.#read(lane);
      },
      error: (error) => this.#failed(error),
    });
  }

  /** Without those that say that others are missing. */
  get messages(): SourceMessage[] {
    return this.readings.flatMap(({ reading }) => reading.messages).filter(({ value }) => !isGapMessage(value));
  }

  start(): void {
    this.#isStarted = true;
    for (const lane of this.lanes) this.#read(lane);
  }

  unsubscribe(): void {
    this.#subscription.unsubscribe();
  }

  whenRead(count: number): Promise<void> {
    return this.until(() => this.messages.length >= count);
  }

  async until(isDone: () => boolean): Promise<void> {
    while (!isDone()) {
      if (this.#error) throw this.#error;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves when every lane has been read to its end. */
  async ended(): Promise<void> {
    for (let count = -1; count !== this.#reads.length; ) {
      count = this.#reads.length;
      await Promise.all(this.#reads);
    }
  }

  /** Each message once, those of a lane in the order in which they were given. */
  checkOrder({ numberOf }: SourceBench): void {
    if (!numberOf) return;
    const numbers = this.messages.map((message) => numberOf(message));
    assert.equal(new Set(numbers).size, numbers.length, `messages that came twice: ${numbers}`);
    for (const lane of this.lanes) {
      const own: number[] = [];
      for (const each of this.readings)
        if (each.lane === lane)
          own.push(...each.reading.messages.filter(({ value }) => !isGapMessage(value)).map(numberOf));
      assert.deepEqual(
        own,
        own.toSorted((one, other) => one - other),
        `the order in lane ${lane.id}`,
      );
    }
  }

  #read(lane: Lane): void {
    this.#reads.push(this.#readAll(lane).catch((error) => this.#failed(error)));
  }

  async #readAll(lane: Lane): Promise<void> {
    for (;;) {
      const reading = await lane.read(this.stop.signal);
      if (!reading) return;
      this.readings.push({ lane, reading });
      lane.request?.respond([]);
      this.#wake();
    }
  }

  #failed(error: unknown): void {
    this.#error = error;
    this.#wake();
  }
}
