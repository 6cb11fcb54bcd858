import { kafka } from '../../../connectors/kafka/index.ts';
import { type Clock, systemClock } from '../../../src/kit/clock.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import type { Message, SourceMessage } from '../../../src/kit/message.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import { roleContext, testEnvironment, testNode } from '../../../src/testing/environment.ts';
import { eventually } from '../cli/platform.ts';
import { messageWith, subscribed, type TestRole } from '../contracts/log-harness.ts';
import { optionsOf, usageOf } from '../engine/options.ts';
import { randomName } from '../services/services.ts';

const never = new AbortController().signal;

/** Messages with old timestamps must not expire. */
const kept = { topic_config: { 'retention.ms': '-1' } };

/** A simulated process with its own connector; closed at the end of the `await using` block. */
export class KafkaProcess {
  readonly environment;
  /** The default group of its sources: shared by all processes on the topic, and by no others. */
  readonly group: string;
  readonly #connector: Connector;
  readonly #roles: { close(): Promise<void> }[] = [];

  private constructor(connector: Connector, environment: ReturnType<typeof testEnvironment>, group: string) {
    this.#connector = connector;
    this.environment = environment;
    this.group = group;
  }

  /** Opens a process on `topic`, which has 3 partitions by default. */
  static async on(brokers: string, options: object = {}, clock: Clock = systemClock): Promise<KafkaProcess> {
    const environment = testEnvironment(clock);
    const given = { topic: randomName(), ...options };
    const made = optionsOf(kafka, { brokers, partitions: 3, ...kept, ...given });
    return new KafkaProcess(
      await kafka.create(made, { ...environment, name: 'ticks' }),
      environment,
      `of-${given.topic}`,
    );
  }

  get log(): readonly { readonly level: string; readonly text: string }[] {
    return this.environment.log.lines;
  }

  context(topology = 'test'): TestRole {
    return {
      ...roleContext(this.environment, { topology }),
      ...testNode('ticks', 'source'),
      log: this.environment.log,
    };
  }

  sink(context = this.context()): Sink {
    return this.#known(this.#connector.sink?.({}, context));
  }

  source(usage: object = {}, context = this.context()): Source {
    return this.#known(this.#connector.source?.(usageOf(kafka.source, { group: this.group, ...usage }), context));
  }

  browser(since?: number): Source {
    return this.#known(this.#connector.browse?.(this.context(), since));
  }

  async openSink(context = this.context()): Promise<Sink> {
    const sink = this.sink(context);
    await sink.connect(never);
    return sink;
  }

  /** Connects a source and subscribes to its lanes. */
  async openSource(usage: object = {}, context = this.context()): Promise<OpenKafkaSource> {
    const source = this.source(usage, context);
    await source.connect(never);
    return { ...subscribed(source), context };
  }

  async append(messages: readonly Message[]): Promise<void> {
    const sink = await this.openSink();
    await sink.write(messages, never);
    await sink.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#roles.map((role) => role.close()));
    await this.#connector.close();
  }

  #known<T extends { close(): Promise<void> }>(role: T | undefined): T {
    if (role === undefined) throw new Error('the connector has no such role');
    this.#roles.push(role);
    return role;
  }
}

export interface OpenKafkaSource {
  readonly source: Source;
  readonly lanes: Lane[];
  readonly errors: unknown[];
  readonly context: TestRole;
  unsubscribe(): void;
}

/** The lanes that were not revoked. */
export function alive({ lanes }: Pick<OpenKafkaSource, 'lanes'>): Lane[] {
  return lanes.filter(({ signal }) => !signal.aborted);
}

/** The lane of a partition that was not revoked. */
export function laneOf(open: Pick<OpenKafkaSource, 'lanes'>, partition: number): Lane {
  const lane = alive(open).find(({ id }) => id.endsWith(`/${partition}`));
  if (!lane) throw new Error(`partition ${partition} has no lane`);
  return lane;
}

/** Reads a lane until `count` messages were returned; `commit` commits each batch. */
export async function readFrom(lane: Lane, count: number, commit = false): Promise<SourceMessage[]> {
  const messages: SourceMessage[] = [];
  while (messages.length < count) {
    const reading = await lane.read(AbortSignal.timeout(30_000));
    if (!reading) throw new Error(`the lane ended after ${messages.length} of ${count} messages`);
    messages.push(...reading.messages);
    if (commit && reading.position !== undefined) await lane.group?.commit(reading.position);
  }
  return messages;
}

/** True if a lane returns nothing for a moment. */
export async function isEmpty(lane: Lane): Promise<boolean> {
  return (await lane.read(AbortSignal.timeout(700))) === undefined;
}

/** Everything in a topic, by partition. */
export async function browse(process: KafkaProcess): Promise<SourceMessage[]> {
  const source = process.browser();
  await source.connect(never);
  const { lanes } = subscribed(source);
  const messages: SourceMessage[] = [];
  for (const lane of lanes)
    for (let reading = await lane.read(never); reading; reading = await lane.read(never))
      messages.push(...reading.messages);
  await source.close();
  return messages;
}

/** Reads and commits every lane as soon as it is opened, and keeps the messages. */
export class Reader {
  readonly lanes: Lane[] = [];
  readonly values: unknown[] = [];
  readonly commits: { readonly partition: number; readonly position: number }[] = [];
  readonly errors: unknown[] = [];

  constructor(source: Source, pauseMs = 0) {
    source.lanes.subscribe({
      next: (lane) => {
        this.lanes.push(lane);
        void this.#read(lane, pauseMs).catch((error) => this.errors.push(error));
      },
      error: (error) => this.errors.push(error),
    });
  }

  /** Resolves when `count` different values have been seen. */
  async seen(count: number): Promise<void> {
    await eventually(`${count} different messages`, async () => new Set(this.values).size >= count);
  }

  async #read(lane: Lane, pauseMs: number): Promise<void> {
    for (let reading = await lane.read(lane.signal); reading; reading = await lane.read(lane.signal)) {
      for (const { value } of reading.messages) this.values.push((value as { n: number }).n);
      if (pauseMs > 0) await systemClock.sleep(pauseMs, lane.signal);
      if (reading.position !== undefined) await this.#commit(lane, reading.position);
    }
  }

  async #commit(lane: Lane, position: number): Promise<void> {
    while (!lane.signal.aborted) {
      try {
        await lane.group?.commit(position);
        this.commits.push({ partition: Number(lane.id.split('/').at(-1)), position });
        return;
      } catch {
        await systemClock.sleep(50, lane.signal);
      }
    }
  }
}

/** Messages `{ n }` with the numbers from `from` up to, not including, `to`. */
export function numbered(from: number, to: number, key: string | null = 'A', now = 1000): Message[] {
  return Array.from({ length: to - from }, (_, index) =>
    messageWith({ n: from + index }, { key: key === '*' ? `k${index % 20}` : key, timestamp: now + from + index }),
  );
}
