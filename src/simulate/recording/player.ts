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
  /** Ends `play`, and has it called again once the topologies have started over; undefined: the tape can't go back. */
  readonly startOver?: (() => void) | undefined;
  /** Why it can't. */
  readonly forwardOnly?: string | undefined;
}

/** While so many messages wait to be read, no more are played. */
const mostWaiting = 2000;
const waitMs = 10;
/** The event loop turns after so many messages. */
const atOnce = 50;

/**
 * Plays a tape: its time goes on with the machine's, so many times as fast, but never past a message that is still to be played. A
 * message that is earlier than the one before comes with that one. To go back it is played again from its beginning, at once up to where
 * it is to be.
 */
export class Player implements ReplayControl {
  readonly #parts: PlayerParts;
  /** The tape's time at a moment of the machine's clock. */
  #base: { readonly at: number; readonly since: number };
  #speed: number | 'max';
  #isPaused = false;
  #isOver = false;
  /** Nothing is played, until the topologies have started over. */
  #isBetween = false;
  #restarts = 0;
  /** The time of the next message, which the tape's does not pass. */
  #next: number;
  /** How many were played. */
  #played = 0;
  /** Everything before this time is played at once, and so many messages are. */
  #target = { time: Number.NEGATIVE_INFINITY, count: 0 };
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
    if (this.#isPaused || this.#isBetween || this.#speed === 'max') return at;
    return Math.min(this.#next, at + (this.#parts.clock.monotonic() - since) * this.#speed);
  }

  state(): ReplayState {
    const { manifest, forwardOnly } = this.#parts;
    const { from, to } = manifest;
    const [isPaused, isOver, restarts] = [this.#isPaused, this.#isOver, this.#restarts];
    const isCatchingUp = this.#isCatchingUp;
    const at = Math.floor(this.now());
    const state = { at, from, to, speed: this.#speed, isPaused, isCatchingUp, isOver, restarts };
    return forwardOnly === undefined ? state : { ...state, forwardOnly };
  }

  /** Messages of a tape that is paused are there from before: they are read until it is where it is to be. */
  get #isCatchingUp(): boolean {
    if (this.#isBetween || (!this.#isOver && this.#isBefore)) return true;
    return this.#isPaused && this.#parts.waiting() > 0;
  }

  /** Whether the next message is played at once, since it is before the time or number that was asked for. */
  get #isBefore(): boolean {
    return this.#next <= this.#target.time || this.#played < this.#target.count;
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

  stepBack(): void {
    const isThere = !this.#isBetween && this.#played > this.#target.count;
    const count = (isThere ? this.#played : this.#target.count) - 1;
    if (count >= 0) this.#back({ time: Number.NEGATIVE_INFINITY, count }, true);
  }

  goTo(at: number): void {
    const target = { time: Math.min(at, this.#parts.manifest.to), count: 0 };
    if (at < this.now()) this.#back(target, this.#isPaused || this.#speed === 'max');
    else
      this.#change(() => {
        this.#target = target;
      });
  }

  /** Plays all of it from the beginning; ends early when `signal` aborts. */
  async play(records: AsyncIterable<TapeRecord>, signal: AbortSignal): Promise<void> {
    if (this.#isBetween) this.#restarts++;
    this.#isBetween = false;
    this.#played = 0;
    this.#next = this.#parts.manifest.from;
    this.#moveTo(this.#next);
    for await (const record of records) {
      this.#next = Math.max(this.#next, record.timestamp);
      await this.#untilDue(signal);
      if (this.#played % atOnce === atOnce - 1) await this.#makeWay(signal);
      if (signal.aborted) return;
      await this.#parts.append(record);
      this.#played++;
    }
    this.#isOver = true;
  }

  #back(target: { readonly time: number; readonly count: number }, isPaused: boolean): void {
    const { startOver } = this.#parts;
    if (!startOver) return;
    this.#moveTo(this.now());
    this.#target = target;
    this.#isPaused = isPaused;
    this.#isOver = false;
    this.#isBetween = true;
    this.#steps = 0;
    startOver();
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
      const isBefore = this.#isBefore;
      const isStep = !isBefore && this.#isPaused && this.#steps > 0;
      if (isStep) this.#steps--;
      if (isStep || isBefore || (this.#speed === 'max' && !this.#isPaused)) return this.#moveTo(next);
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
