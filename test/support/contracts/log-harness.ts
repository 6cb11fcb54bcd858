import { logSourceUsage } from '../../../connectors/shared/log/usage.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import type { Message, SourceMessage } from '../../../src/kit/message.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import type { Lane, Reading, Source } from '../../../src/kit/source.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testMessage as messageWith } from '../../../src/testing/connector-bench.ts';
import { roleContext, type TestNode, testEnvironment, testNode } from '../../../src/testing/environment.ts';
import { usageOf } from '../engine/options.ts';

export { messageWith };

export const never = new AbortController().signal;
export const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
export const numbered = (from: number, to: number, key: string | null = 'A') =>
  numbers(from, to).map((n) => messageWith({ n }, { key, timestamp: 1000 + n }));
export const one = { partitions: 1 };

/** Gives a contract suite access to one kind of log. */
export interface LogWorld {
  /** A connector to the same stored data, as in another process; its topic is `topic`, with 3 partitions by default. */
  connector(clock: VirtualClock, options?: object): Promise<Connector>;
  /** Removes the newest records of a partition, as a restored backup does. */
  loseEnd(partition: number, records: number): Promise<void>;
  dispose(): Promise<void>;
}

export type TestRole = RoleContext & TestNode & { log: ReturnType<typeof testEnvironment>['log'] };

/** A simulated process with its own clock, which advances only when the test advances it. */
export interface TestProcess {
  readonly clock: VirtualClock;
  readonly connector: Connector;
  context(topology?: string): TestRole;
}

export async function processOf(
  world: LogWorld,
  options: object = {},
  clock: VirtualClock = new VirtualClock(),
): Promise<TestProcess> {
  const environment = testEnvironment(clock);
  const context = (topology = 'test') => ({
    ...roleContext(environment, { topology }),
    ...testNode('ticks', 'source'),
    log: environment.log,
  });
  return { clock, connector: await world.connector(clock, options), context };
}

export interface OpenSource {
  readonly source: Source;
  /** The lanes in the order in which they were opened. */
  readonly lanes: Lane[];
  readonly errors: unknown[];
  readonly context: TestRole;
  unsubscribe(): void;
}

export function sourceOf(process: TestProcess, usage: object, context = process.context()): OpenSource['source'] {
  const source = process.connector.source?.(usageOf({ options: logSourceUsage }, usage), context);
  if (!source) throw new Error('the connector has no source');
  return source;
}

/** Connects a source and subscribes to its lanes. */
export async function openSource(process: TestProcess, usage: object = {}): Promise<OpenSource> {
  const context = process.context();
  const source = sourceOf(process, { group: 'group', ...usage }, context);
  await process.clock.until(source.connect(new AbortController().signal));
  return { ...subscribed(source), context };
}

export function subscribed(source: Source): Omit<OpenSource, 'context'> {
  const [lanes, errors]: [Lane[], unknown[]] = [[], []];
  const subscription = source.lanes.subscribe({
    next: (lane) => lanes.push(lane),
    error: (error) => errors.push(error),
  });
  return { source, lanes, errors, unsubscribe: () => subscription.unsubscribe() };
}

export async function openSink(process: TestProcess, context = process.context()): Promise<Sink> {
  const sink = process.connector.sink?.({}, context);
  if (!sink) throw new Error('the connector has no sink');
  await process.clock.until(sink.connect(new AbortController().signal));
  return sink;
}

/** Appends messages with a sink of its own. */
export async function append(process: TestProcess, messages: readonly Message[]): Promise<void> {
  const sink = await openSink(process);
  await process.clock.until(sink.write(messages, new AbortController().signal));
  await sink.close();
}

/** The available messages of a lane, without waiting for more. */
async function readNow(process: TestProcess, lane: Lane): Promise<Reading | undefined> {
  const stop = new AbortController();
  const reading = lane.read(stop.signal);
  await process.clock.settle();
  stop.abort();
  return reading;
}

/** All available messages of a lane, without waiting for more; `commit` commits them. */
export async function drain(process: TestProcess, lane: Lane, commit = false): Promise<SourceMessage[]> {
  const messages: SourceMessage[] = [];
  for (;;) {
    const got = await readNow(process, lane);
    if (!got) return messages;
    messages.push(...got.messages);
    if (commit && got.position !== undefined)
      await process.clock.until(lane.group?.commit(got.position) ?? Promise.resolve());
  }
}

/** The messages of a lane's warm-up, and the first message after it, if there is one. */
export async function drainWarmUp(
  process: TestProcess,
  lane: Lane,
): Promise<{ readonly messages: readonly SourceMessage[]; readonly next: SourceMessage | undefined }> {
  const messages: SourceMessage[] = [];
  for (;;) {
    const got = await readNow(process, lane);
    if (!got?.warmUp) return { messages, next: got?.messages[0] };
    messages.push(...got.messages);
  }
}

export async function drainAll(process: TestProcess, { lanes }: OpenSource, commit = false): Promise<SourceMessage[]> {
  const all: SourceMessage[] = [];
  for (const lane of lanes) if (!lane.signal.aborted) all.push(...(await drain(process, lane, commit)));
  return all;
}
