import type { Chance } from '../../src/kit/chance.ts';
import type { Clock } from '../../src/kit/clock.ts';

export const faultNames = ['cut', 'garbage', 'duplicate', 'late', 'silence'] as const;
export type FaultName = (typeof faultNames)[number];

export interface FaultOptions {
  /** Frames of trades between two forced disconnects; undefined: none. */
  readonly disconnectEvery: number | undefined;
  /** Probabilities, for each frame of trades. */
  readonly garbage: number;
  readonly duplicate: number;
  readonly late: number;
  readonly silenceEvery: number | undefined;
  readonly silenceMs: number;
}

/** The faults of the next frame of trades. */
export interface Mishap {
  readonly disconnect: boolean;
  /** An unreadable frame, to be sent first. */
  readonly garbage: string | undefined;
  readonly duplicate: boolean;
  /** How many further frames are sent before it. */
  readonly late: number;
  /** The frame is lost, and so is everything else for a while. */
  readonly silence: boolean;
}

const garbage = [
  '{"type":"trade","data":[{"p":1',
  'not JSON',
  '[]',
  'null',
  '{"type":"trade","data":"nothing"}',
  '{"type":"trade","data":[{"p":"196.38","s":null,"t":-1,"v":{}}]}',
  '{"type":"news","data":[]}',
];
const longestDelay = 5;

/** Decides about faults, by the injected chance and the requests of clients. */
export class Faults {
  readonly #options: FaultOptions;
  readonly #clock: Clock;
  readonly #chance: Chance;
  /** Until when each requested fault lasts, monotonic ms. */
  readonly #asked = new Map<FaultName, number>();
  #frames = 0;

  constructor(options: FaultOptions, parts: { readonly clock: Clock; readonly chance: Chance }) {
    this.#options = options;
    this.#clock = parts.clock;
    this.#chance = parts.chance;
  }

  /** Starts a fault that a client requested, for `ms`. */
  ask(fault: FaultName, ms: number): void {
    this.#asked.set(fault, this.#clock.monotonic() + ms);
  }

  /** True while a requested fault lasts. */
  lasts(fault: FaultName): boolean {
    return this.#clock.monotonic() < (this.#asked.get(fault) ?? Number.NEGATIVE_INFINITY);
  }

  next(): Mishap {
    const { disconnectEvery, silenceEvery, silenceMs } = this.#options;
    if (this.lasts('silence'))
      return { disconnect: false, garbage: undefined, duplicate: false, late: 0, silence: true };
    const frame = ++this.#frames;
    if (silenceEvery !== undefined && frame % silenceEvery === 0) this.ask('silence', silenceMs);
    return {
      disconnect: disconnectEvery !== undefined && frame % disconnectEvery === 0,
      garbage: this.#strikes('garbage') ? garbage[Math.floor(this.#chance.next() * garbage.length)] : undefined,
      duplicate: this.#strikes('duplicate'),
      late: this.#strikes('late') ? 1 + Math.floor(this.#chance.next() * longestDelay) : 0,
      silence: this.lasts('silence'),
    };
  }

  /** While requested, every second frame. */
  #strikes(fault: 'garbage' | 'duplicate' | 'late'): boolean {
    const probability = this.lasts(fault) ? 0.5 : this.#options[fault];
    return probability > 0 && this.#chance.next() < probability;
  }
}
