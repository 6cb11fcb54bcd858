import { join } from 'node:path';
import { BufferedSink } from '../../../../connectors/shared/disk-buffer/buffered-sink.ts';
import { FdpError } from '../../../../src/errors.ts';
import { onAbort, unlessAborted } from '../../../../src/kit/clock.ts';
import { type Message, toMessage } from '../../../../src/kit/message.ts';
import type { RoleContext } from '../../../../src/kit/role.ts';
import type { Receipt, Sink } from '../../../../src/kit/sink.ts';
import { VirtualClock } from '../../../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../../../src/testing/environment.ts';
import { temporaryFolder } from '../../../support/cli/platform.ts';
import { sourceMessage } from '../../../support/engine/operators.ts';

/** A log that can be away, slow, or refuse. */
class Log {
  readonly texts: string[] = [];
  state: 'there' | 'away' | 'silent' = 'there';
  /** Fail alone, each with its error. */
  readonly fails = new Map<string, Error>();
  /** Whole writes with one of them are refused for good. */
  spoils: string[] = [];
  /** How long it takes to store something. */
  delay: (signal: AbortSignal) => Promise<void> = async () => {};
  /** Takes its time, and stores what it was not waited for all the same: known by the message when it comes again. */
  inFlightMs: number | undefined;
  readonly #late = new WeakMap<Message, Promise<void>>();
  connects = 0;
  closed = false;

  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  async #inFlight(messages: readonly Message[], signal: AbortSignal): Promise<Receipt> {
    const stored = messages.map((message) => {
      const known = this.#late.get(message);
      if (known) return known;
      const stored = this.#clock.sleep(this.inFlightMs ?? 0).then(() => void this.texts.push(String(message.value)));
      this.#late.set(message, stored);
      return stored;
    });
    await unlessAborted(signal, Promise.all(stored), () => new FdpError('FDP_TIMEOUT', 'log: not confirmed yet'));
    return {};
  }

  sink(): Sink {
    const away = () => new FdpError('FDP_CONNECTION_LOST', 'log: away');
    return {
      ordered: true,
      maxMessageBytes: 200,
      connect: async () => {
        this.connects++;
        if (this.state === 'away') throw away();
      },
      close: async () => {
        this.closed = true;
      },
      write: async (messages, signal): Promise<Receipt> => {
        if (this.state === 'away') throw away();
        if (this.inFlightMs !== undefined) return this.#inFlight(messages, signal);
        if (this.state === 'silent') await new Promise<void>((resolve) => onAbort(signal, resolve));
        await this.delay(signal);
        if (signal.aborted) throw away();
        const texts = messages.map(({ value }) => (typeof value === 'string' ? value : JSON.stringify(value)));
        if (texts.some((text) => this.spoils.includes(text))) throw new FdpError('FDP_MESSAGE_REFUSED', 'log: spoilt');
        const failed = new Map(
          [...texts.entries()].flatMap(([index, text]) => {
            const error = this.fails.get(text);
            return error ? [[index, error] as const] : [];
          }),
        );
        this.texts.push(...texts.filter((_text, index) => !failed.has(index)));
        return { failed };
      },
    };
  }
}

export class World {
  readonly folder = temporaryFolder();
  readonly clock = new VirtualClock();
  readonly log = new Log(this.clock);
  readonly context = roleContext(testEnvironment(this.clock), { sourceReplays: false });
  sent = 0;

  open({ node, outcomes }: Pick<RoleContext, 'node' | 'outcomes'> = this.context, maxBytes = 1_000_000): BufferedSink {
    const options = { name: 'ticks', path: join(this.folder.path, 'buffer.db'), maxBytes };
    return new BufferedSink(this.log.sink(), options, { ...this.context, node, outcomes });
  }

  connect(sink: Sink): Promise<void> {
    return this.clock.until(sink.connect(new AbortController().signal));
  }

  write(sink: Sink, count = 1): Promise<Receipt> {
    const messages = Array.from({ length: count }, (): Message => toMessage(sourceMessage(this.sent++), undefined));
    return this.clock.until(sink.write(messages, new AbortController().signal));
  }

  get expected(): string[] {
    return Array.from({ length: this.sent }, (_, at) => String(at));
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}
