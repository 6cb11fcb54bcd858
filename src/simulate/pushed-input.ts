import { Observable } from 'rxjs';
import { linkedAbort, woken } from '../kit/clock.ts';
import { valueOrProblem } from '../kit/json.ts';
import type { SourceMessage } from '../kit/message.ts';
import type { RoleContext } from '../kit/role.ts';
import type { Lane, Reading, Source } from '../kit/source.ts';

/** The most messages of one reading. */
const readingSize = 100;

/** A message as a feed gives it; text that is no JSON carries the problem. */
export function pushedMessage(
  given: { readonly value: unknown } | { readonly text: string },
  more: Pick<SourceMessage, 'key' | 'timestamp' | 'meta'>,
): SourceMessage {
  const { key, timestamp, meta } = more;
  if ('value' in given) return { key, timestamp, meta, value: given.value };
  // Written out: a day has more than a million, and spreading two objects takes as long as reading their JSON.
  const { raw, value, problem } = valueOrProblem(given.text, meta.lane);
  return problem ? { key, timestamp, meta, raw, value, problem } : { key, timestamp, meta, raw, value };
}

/** A feed that nobody can ask again: what comes while no process reads it, or while it is away, is missed. */
export class PushedInput {
  #lane: PushedLane | undefined;
  #isAway = false;

  /** Messages that wait to be read. */
  get waiting(): number {
    return this.#lane?.waiting ?? 0;
  }

  push(message: SourceMessage): void {
    if (!this.#isAway) this.#lane?.push(message);
  }

  away(isAway: boolean): void {
    this.#isAway = isAway;
  }

  /** The process that read it is gone. */
  drop(): void {
    this.#lane = undefined;
  }

  source(name: string, { node }: RoleContext): Source {
    let lane: PushedLane | undefined;
    return {
      replayable: false,
      connect: async () => {},
      lanes: new Observable<Lane>((subscriber) => {
        const opened = new PushedLane(name);
        lane = opened;
        this.#lane = opened;
        node.is('ok');
        subscriber.next(opened);
        return () => opened.end();
      }),
      close: async () => lane?.end(),
    };
  }
}

class PushedLane implements Lane {
  readonly id: string;
  readonly signal = linkedAbort().controller.signal;
  readonly #messages: SourceMessage[] = [];
  #isOver = false;
  #wake = () => {};

  constructor(id: string) {
    this.id = id;
  }

  get waiting(): number {
    return this.#messages.length;
  }

  push(message: SourceMessage): void {
    if (this.#isOver) return;
    this.#messages.push(message);
    this.#wake();
  }

  end(): void {
    this.#isOver = true;
    this.#wake();
  }

  async read(signal: AbortSignal): Promise<Reading | undefined> {
    while (this.#messages.length === 0 && !this.#isOver && !signal.aborted)
      await woken(signal, (wake) => {
        this.#wake = wake;
        return () => {};
      });
    const messages = this.#messages.splice(0, readingSize);
    if (messages.length === 0) return undefined;
    return { messages, bytes: messages.reduce((sum, { raw, value }) => sum + sizeOf(raw ?? value), 0) };
  }
}

function sizeOf(value: unknown): number {
  return typeof value === 'string' ? value.length : JSON.stringify(value).length;
}
