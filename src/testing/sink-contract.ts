import assert from 'node:assert/strict';
import type { SinkGuarantee } from '../kit/guarantee.ts';
import type { Message } from '../kit/message.ts';
import type { Receipt, Sink } from '../kit/sink.ts';
import { assertNoTimers, type Bench, type Check, deepFrozen, inTime, onBench } from './check.ts';

/** A sink that is not connected yet, and access to what it has stored. */
export interface SinkBench extends Bench {
  readonly sink: Sink;
  /** A message that the sink takes: another one for each number, each with a key of its own. */
  message(number: number): Message;
  /** A message that it always refuses; left out if it takes everything. */
  refused?(number: number): Message;
  /**
   * The numbers of the stored messages, in order, as another reader finds them. Left out if nothing
   * is kept, as on a screen.
   */
  stored?(): Promise<readonly number[]>;
  /**
   * What the declaration promises with the options of the sink; left out: it is not compared with
   * what the sink does.
   */
  readonly guarantee?: SinkGuarantee;
  /** Makes the sink's target unresponsive from now on. Left out where that is impossible. */
  hang?(): Promise<void>;
}

const never = new AbortController().signal;

/** The promises of every sink; `make` makes a bench for each check. */
export function sinkContract(make: () => Promise<SinkBench>): readonly Check[] {
  return checks.map(([title, work]) => onBench(title, make, { work, close: ({ sink }) => sink.close() }));
}

const checks: readonly (readonly [string, (bench: SinkBench) => Promise<void>])[] = [
  ['has stored what it has confirmed, in order if it is ordered, and has not changed it', stores],
  ['names in its receipt messages of that write only', namesItsOwn],
  ['stores once what is written twice, unless it declares that it repeats', knowsAgain],
  ['names a message that it refuses, alone and for good, and stores the others', refusesAlone],
  ['takes an empty write', takesNothing],
  ['settles a write whose signal has aborted', givesUpWriting],
  ['gives up a write that hangs when its signal aborts', givesUpHanging],
  ['closes after a write, and closes again', closes],
  ['closes without having been connected, as often as it is called', closesUnused],
  ['gives up connecting when its signal aborts', givesUpConnecting],
];

async function stores(bench: SinkBench): Promise<void> {
  await connect(bench);
  for (const from of [0, 4]) {
    const { failed } = await write(bench, numbered(bench, from, from + 4));
    assert.equal(failed?.size ?? 0, 0, 'messages that it refuses although it takes them');
  }
  await checkStored(bench, [0, 1, 2, 3, 4, 5, 6, 7]);
  await close(bench);
  await checkStored(bench, [0, 1, 2, 3, 4, 5, 6, 7]);
}

async function namesItsOwn(bench: SinkBench): Promise<void> {
  await connect(bench);
  const messages = numbered(bench, 0, 3);
  for (let time = 0; time < 2; time++) {
    const { known = new Map(), failed = new Map() } = await write(bench, messages);
    assert.equal(failed.size, 0, 'what it takes is not refused');
    for (const index of known.keys()) assert.ok(!failed.has(index), `message ${index} is known and failed at once`);
  }
  await close(bench);
}

async function knowsAgain(bench: SinkBench): Promise<void> {
  if (!bench.guarantee || bench.guarantee.repeats) return;
  await connect(bench);
  for (let time = 0; time < 2; time++) await write(bench, numbered(bench, 0, 3));
  await checkStored(bench, [0, 1, 2]);
  await close(bench);
}

async function refusesAlone(bench: SinkBench): Promise<void> {
  if (!bench.refused) return;
  await connect(bench);
  const messages = [bench.message(0), bench.refused(1), bench.message(2)].map(frozen);
  const { failed = new Map<number, Error>() } = await write(bench, messages);
  assert.deepEqual([...failed.keys()], [1], 'the messages that the receipt names as failed');
  assert.equal((failed.get(1) as { fault?: unknown }).fault, 'permanent', 'the fault of what will never be taken');
  await checkStored(bench, [0, 2]);
  await close(bench);
}

async function takesNothing(bench: SinkBench): Promise<void> {
  await connect(bench);
  const { failed, known } = await write(bench, []);
  assert.equal((failed?.size ?? 0) + (known?.size ?? 0), 0, 'messages named in the receipt of none');
  await checkStored(bench, []);
  await close(bench);
}

async function givesUpWriting(bench: SinkBench): Promise<void> {
  await connect(bench);
  const writing = bench.sink.write(numbered(bench, 0, 2), AbortSignal.abort());
  await inTime(
    bench,
    'the write',
    writing.catch(() => {}),
  );
  await close(bench);
}

async function givesUpHanging(bench: SinkBench): Promise<void> {
  if (!bench.hang) return;
  await connect(bench);
  await bench.hang();
  const given = new AbortController();
  const writing = bench.sink.write(numbered(bench, 0, 2), given.signal).catch(() => {});
  await bench.clock.turn();
  given.abort();
  await inTime(bench, 'the write', writing);
  await close(bench);
}

async function closes(bench: SinkBench): Promise<void> {
  await connect(bench);
  await write(bench, numbered(bench, 0, 2));
  await close(bench);
  await close(bench);
  assertNoTimers(bench);
}

async function closesUnused(bench: SinkBench): Promise<void> {
  await close(bench);
  await close(bench);
  assertNoTimers(bench);
}

async function givesUpConnecting(bench: SinkBench): Promise<void> {
  await inTime(
    bench,
    'connect',
    bench.sink.connect(AbortSignal.abort()).catch(() => {}),
  );
  await close(bench);
  assertNoTimers(bench);
}

function numbered(bench: SinkBench, from: number, to: number): Message[] {
  return Array.from({ length: to - from }, (_, step) => frozen(bench.message(from + step)));
}

/** The track must keep counting: only the parts that the sink may not change are frozen. */
function frozen(message: Message): Message {
  deepFrozen(message.value);
  deepFrozen(message.meta);
  return Object.freeze(message);
}

function connect(bench: SinkBench): Promise<void> {
  return inTime(bench, 'connect', bench.sink.connect(never));
}

async function write(bench: SinkBench, messages: readonly Message[]): Promise<Receipt> {
  const receipt = await inTime(bench, 'the write', bench.sink.write(Object.freeze(messages), never));
  for (const index of [...(receipt.known?.keys() ?? []), ...(receipt.failed?.keys() ?? [])])
    assert.ok(
      Number.isInteger(index) && index >= 0 && index < messages.length,
      `message ${index} of ${messages.length}`,
    );
  return receipt;
}

function close(bench: SinkBench): Promise<void> {
  return inTime(bench, 'close', bench.sink.close());
}

async function checkStored(bench: SinkBench, expected: readonly number[]): Promise<void> {
  const stored = await bench.stored?.();
  if (stored === undefined) return;
  const found = bench.sink.ordered ? stored : stored.toSorted((a, b) => a - b);
  assert.deepEqual(found, expected, 'the messages that are stored');
}
