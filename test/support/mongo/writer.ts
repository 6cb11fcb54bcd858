import { mongodb } from '../../../connectors/mongodb/index.ts';
import { isRetriable } from '../../../src/errors.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { countMessage, rowMessage } from '../contracts/table-harness.ts';
import { optionsOf } from '../engine/options.ts';

const never = new AbortController().signal;

/** Writes numbered rows and counts them, as a topology does: retries transient failures until they succeed. */
export class MongoWriter {
  /** Numbers of the confirmed rows. */
  readonly confirmed: number[] = [];
  /** Codes of the failures so far. */
  readonly failures: string[] = [];
  readonly #connector: Connector;
  readonly #sink: Sink;
  readonly #input: 'rows' | 'merges';
  readonly #lane: string;
  #stopped = false;

  private constructor(connector: Connector, input: 'rows' | 'merges', lane: string) {
    const sink = connector.sink?.({}, roleContext(testEnvironment(systemClock), { input }));
    if (!sink) throw new Error('the connector has no sink');
    this.#connector = connector;
    this.#sink = sink;
    this.#input = input;
    this.#lane = lane;
  }

  static async open(options: object, input: 'rows' | 'merges' = 'rows', lane = 'id/t/0'): Promise<MongoWriter> {
    const connector = await mongodb.create(optionsOf(mongodb, options), { ...testEnvironment(), name: 'trades' });
    const writer = new MongoWriter(connector, input, lane);
    await writer.#patiently(() => writer.#sink.connect(never));
    return writer;
  }

  /** Writes rows from number `from`, `size` at a time, until stopped; returns the number after the last confirmed. */
  async run(from = 0, size = 20): Promise<number> {
    let next = from;
    for (; !this.#stopped; next += size) {
      const numbers = Array.from({ length: size }, (_, at) => next + at);
      const messages = numbers.map((offset) =>
        this.#input === 'rows'
          ? rowMessage({ message_key: `${this.#lane} ${offset}` }, { lane: this.#lane, offset })
          : countMessage({ symbol: `S${offset % 7}`, offset, lane: this.#lane }),
      );
      await this.#patiently(async () => {
        const { failed } = await this.#sink.write(messages, never);
        for (const error of failed?.values() ?? []) throw error;
      });
      this.confirmed.push(...numbers);
    }
    return next;
  }

  stop(): void {
    this.#stopped = true;
  }

  async close(): Promise<void> {
    await this.#sink.close();
    await this.#connector.close();
  }

  async #patiently(work: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await work();
      } catch (error) {
        if (!isRetriable(error)) throw error;
        this.failures.push(String((error as { code?: unknown }).code));
        await systemClock.sleep(20);
      }
    }
  }
}
