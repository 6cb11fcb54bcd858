import { type Clock, linkedAbort, woken } from '../../kit/clock.ts';
import type { ReplayControl, ReplayState } from '../../kit/replay.ts';
import type { TapeRecord } from './line.ts';
import type { Manifest } from './manifest.ts';

export interface PlayerParts {
  /** The machine's clock. */
  readonly clock: Clock;
  readonly manifest: Pick<Manifest, 'from' | 'to'>;
  readonly speed: number | 'max';
  /** Puts a message into the log. */
  append(record: TapeRecord): Promise<void>;
  /** Messages of the log that are not read yet. */
  waiting(): number;
}

/** While so many messages wait to be read, no more are played. */
const mostWaiting = 2000;
const waitMs = 10;
/** The event loop turns after so many messages. */
const atOnce = 50;

/**
 * Plays a tape: its time goes on with the machine's, so many times as fast, but never past a message that is still to be played. A
 * message that is earlier than the one before comes with that one.
 */
export class Player implements ReplayControl {
  readonly #parts: PlayerParts;
  /** The tape's time at a moment of the machine's clock. */
  #base: { readonly at: number; readonly since: number };
  #speed: number | 'max';
  #isPaused = false;
  #isOver = false;
  /** The time of the next message, which the tape's does not pass. */
  #next: number;
  /** Everything before it is played at once. */
  #forwardTo = Number.NEGATIVE_INFINITY;
  #steps = 0;
  #wake = () => {};

  constructor(parts: PlayerParts) {
    this.#parts = parts;
    this.#speed = parts.speed;
    this.#next = parts.manifest.from;
    this.#base = { at: parts.manifest.from, since: parts.clock.monotonic() };
  }

  /** The tape's time, Unix ms. */
  now(): number {
    const { at, since } = this.#base;
    if (this.#isPaused || this.#speed === 'max') return at;
    return Math.min(this.#next, at + (this.#parts.clock.monotonic() - since) * this.#speed);
  }

  state(): ReplayState {
    const { from, to } = this.#parts.manifest;
    const at = Math.floor(this.now());
    return { at, from, to, speed: this.#speed, isPaused: this.#isPaused, isOver: this.#isOver };
  }

  pause(isPaused: boolean): void {
    this.#change(() => {
      this.#isPaused = isPaused;
    });
  }

  setSpeed(speed: number | 'max'): void {
    this.#change(() => {
      this.#speed = speed;
    });
  }

  step(): void {
    this.#change(() => {
      this.#isPaused = true;
      this.#steps++;
    });
  }

  forwardTo(at: number): void {
    this.#change(() => {
      this.#forwardTo = Math.min(at, this.#parts.manifest.to);
    });
  }

  /** Plays all of it; ends early when `signal` aborts. */
  async play(records: AsyncIterable<TapeRecord>, signal: AbortSignal): Promise<void> {
    this.#base = { at: this.#base.at, since: this.#parts.clock.monotonic() };
    let count = 0;
    for await (const record of records) {
      this.#next = Math.max(this.#next, record.timestamp);
      await this.#untilDue(signal);
      if (++count % atOnce === 0) await this.#makeWay(signal);
      if (signal.aborted) return;
      await this.#parts.append(record);
    }
    this.#isOver = true;
  }

  #change(change: () => void): void {
    this.#moveTo(this.now());
    change();
    this.#wake();
  }

  #moveTo(at: number): void {
    this.#base = { at, since: this.#parts.clock.monotonic() };
  }

  /** Waits until it is time for the next message, whoever changes what meanwhile. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const next = this.#next;
      const isStep = this.#isPaused && this.#steps > 0;
      if (isStep) this.#steps--;
      if (isStep || next <= this.#forwardTo || (this.#speed === 'max' && !this.#isPaused)) return this.#moveTo(next);
      const leftMs = this.#isPaused || this.#speed === 'max' ? undefined : (next - this.now()) / this.#speed;
      if (leftMs !== undefined && leftMs <= 0) return;
      await this.#changed(leftMs, signal);
    }
  }

  #changed(ms: number | undefined, signal: AbortSignal): Promise<void> {
    return woken(signal, (wake) => {
      this.#wake = wake;
      const cancel = ms === undefined ? () => {} : this.#parts.clock.timer(ms, wake);
      return () => {
        cancel();
        this.#wake = () => {};
      };
    });
  }

  /** Lets the topologies read what is there. */
  async #makeWay(signal: AbortSignal): Promise<void> {
    const { clock, waiting } = this.#parts;
    await clock.turn();
    const stop = linkedAbort(signal);
    while (waiting() > mostWaiting && !signal.aborted) await clock.sleep(waitMs, stop.controller.signal);
    stop.release();
  }
}
