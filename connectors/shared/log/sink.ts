import { errorText, faultOf, isRetriable } from '../../../src/errors.ts';
import type { Message, SourceMessage } from '../../../src/kit/message.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Receipt, Sink } from '../../../src/kit/sink.ts';
import { decodeRecord, encodeValue, partitionOf } from './codec.ts';
import type { LogStore, NewRecord, TrimLimits } from './store.ts';

/** The most records of one transaction: a longer one would block the event loop. */
const chunkRecords = 1000;
const trimEveryMs = 5000;

export interface LogSinkOptions {
  readonly maxMessageBytes: number;
  readonly retention: TrimLimits;
}

/**
 * Appends to a log. Messages of one key go to one partition in order, those without a key to all in turn. A
 * message that the log rejects (too large, not JSON) fails alone and permanently, the others are appended.
 * Also enforces the retention, in small steps.
 */
export class LogSink implements Sink {
  readonly ordered = true;
  readonly maxMessageBytes: number;
  readonly #store: LogStore;
  readonly #options: LogSinkOptions;
  readonly #context: RoleContext;
  #partitions = 1;
  #turn = 0;
  #cancelTrim = () => {};
  #open = false;
  #closing: Promise<void> | undefined;

  constructor(store: LogStore, options: LogSinkOptions, context: RoleContext) {
    this.#store = store;
    this.#options = options;
    this.#context = context;
    this.maxMessageBytes = options.maxMessageBytes;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#closing;
    this.#closing = undefined;
    this.#cancelTrim();
    this.#partitions = (await this.#store.open(signal)).partitions;
    this.#open = true;
    this.#scheduleTrim();
  }

  async write(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const failed = new Map<number, Error>();
    const records: { readonly index: number; readonly record: NewRecord }[] = [];
    for (const [index, message] of messages.entries()) {
      try {
        records.push({ index, record: this.#record(message) });
      } catch (error) {
        failed.set(index, error as Error);
      }
    }
    await this.#context.failPoint('log-before-append');
    for (let start = 0; start < records.length; start += chunkRecords) {
      const chunk = records.slice(start, start + chunkRecords).map(({ record }) => record);
      try {
        await this.#store.append(chunk, signal);
      } catch (error) {
        if (start === 0 && failed.size === 0) throw error;
        for (const { index } of records.slice(start)) failed.set(index, error as Error);
        break;
      }
    }
    const { walBytes } = this.#store;
    if (walBytes !== undefined) this.#context.node.gauge('wal_bytes', walBytes);
    await this.#context.failPoint('log-after-append');
    return failed.size > 0 ? { failed } : {};
  }

  async last(): Promise<readonly SourceMessage[]> {
    const { topic } = this.#store;
    return this.#store.bounds().flatMap(({ first, next }, partition) => {
      const records = next > first ? this.#store.read(partition, next - 1, { count: 1, bytes: 1 }) : [];
      return records.map((record) => decodeRecord(record, { lane: topic, topic, partition }));
    });
  }

  close(): Promise<void> {
    this.#open = false;
    this.#cancelTrim();
    this.#closing ??= this.#store.close();
    return this.#closing;
  }

  #record(message: Message): NewRecord {
    const value = encodeValue(message, this.#store.name, this.#options.maxMessageBytes);
    const { key, timestamp } = message;
    const partition = key === null ? this.#turn++ % this.#partitions : partitionOf(key, this.#partitions);
    return { partition, timestamp: Math.trunc(timestamp), key, value };
  }

  #scheduleTrim(): void {
    this.#cancelTrim = this.#context.clock.timer(trimEveryMs, () => void this.#trim());
  }

  async #trim(): Promise<void> {
    const { log, node } = this.#context;
    let unread = 0;
    try {
      for (let removed = 1; removed > 0 && this.#open; ) {
        const step = await this.#store.trim(this.#options.retention);
        removed = step.removed;
        unread += step.unread;
      }
    } catch (error) {
      if (this.#open) log[isRetriable(error) ? 'warn' : 'error']({}, `retention: ${errorText(error)}`);
      // A fatal error ends the topology with its next write: one log line is enough.
      if (faultOf(error) === 'fatal') return;
    }
    if (unread > 0) {
      node.count('gap', unread);
      log.error(
        { unread },
        `${this.#store.name}: over max_size, ${unread} messages were removed before every group had read them`,
      );
    }
    if (this.#open) this.#scheduleTrim();
  }
}
