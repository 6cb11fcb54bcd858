import type { Plan } from '../../engine/plan.ts';
import type { Runtime } from '../../engine/runtime.ts';
import { type Clock, linkedAbort, systemClock } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import type { MemoryLogStore } from '../../simulate/memory/log-store.ts';
import type { TapeRecord } from '../../simulate/recording/line.ts';
import type { Manifest } from '../../simulate/recording/manifest.ts';
import { Player } from '../../simulate/recording/player.ts';
import { readTape } from '../../simulate/recording/read.ts';
import type { Beside } from '../run/beside.ts';
import { replayKeys } from './replay-keys.ts';
import type { ReplayPlan } from './replay-plan.ts';

/** How often it is checked whether the topologies are ready, or done, ms. */
const checkMs = 50;
/** What the log keeps of what was read. */
const kept = { retentionMs: Number.MAX_SAFE_INTEGER, maxBytes: 64 * 1024 ** 2, step: 1000 };
/** After so many messages the oldest are removed, if there are more than it keeps. */
const trimEvery = 1000;
const forwardOnly = 'with --data a tape goes forward only: to go back, start the replay again, with another folder';

export interface Playing {
  readonly manifest: Manifest;
  readonly path: string;
  /** The topologies with empty stores; called again whenever they start over. */
  planned(): ReplayPlan;
  readonly speed: number | 'max';
  /** Ends once everything on the tape is processed. */
  readonly exits: boolean;
  /** A screen takes the terminal, and its keys. */
  readonly hasScreen: boolean;
  /** The tables are kept in a folder: they are not emptied to go back. */
  readonly isKept: boolean;
}

/** Topologies on a tape, and the tape beside them: it begins once all of them run. To go back, they start over. */
export class TapePlay implements Beside {
  readonly clock: Clock;
  readonly replay: Player;
  readonly #playing: Playing;
  #planned: ReplayPlan;
  #runtime: Runtime | undefined;
  #log: MemoryLogStore | undefined;
  #appended = 0;
  /** Aborts when the tape is to play no further into this log. */
  #stopped = linkedAbort().controller;
  #isStartingOver = false;
  #stopKeys: (() => void) | undefined;

  constructor(playing: Playing) {
    this.#playing = playing;
    this.#planned = playing.planned();
    const { manifest, speed, isKept } = playing;
    this.replay = new Player({
      ...{ clock: systemClock, manifest, speed },
      append: (record) => this.#append(record),
      waiting: () => this.#waiting(),
      ...(isKept ? { forwardOnly } : { startOver: () => this.#startOver() }),
    });
    // The tape's time for whoever asks what time it is; what takes so long takes as long as ever.
    this.clock = { ...systemClock, now: () => Math.floor(this.replay.now()) };
  }

  get plan(): Plan {
    return this.#planned.plan;
  }

  async start({ runtime, environment }: Parameters<Beside['start']>[0]): Promise<void> {
    const { manifest, path, exits, hasScreen } = this.#playing;
    this.#runtime = runtime;
    this.#stopped = linkedAbort().controller;
    const { signal } = this.#stopped;
    const until = async (holds: () => boolean) => {
      while (!holds() && !signal.aborted) await systemClock.sleep(checkMs, signal);
    };
    if (!hasScreen) this.#stopKeys ??= replayKeys(this.replay, environment);
    await until(() => runtime.snapshot().every(({ state }) => state !== 'starting' && state !== 'standby'));
    await this.#openLog(environment);
    await this.replay.play(readTape(path, manifest), signal);
    if (signal.aborted) return;
    environment.log.info({ messages: manifest.messages }, 'the tape is at its end');
    await until(() => runtime.snapshot().every(({ inFlight, lag = 0 }) => inFlight === 0 && lag === 0));
    if (exits && !signal.aborted) runtime.drain();
  }

  stop(): void {
    this.#stopped.abort();
  }

  again(): Plan | undefined {
    if (!this.#isStartingOver) return undefined;
    this.#isStartingOver = false;
    this.#planned.dispose();
    this.#planned = this.#playing.planned();
    return this.plan;
  }

  /** Gives the terminal and the memory back. */
  end(): void {
    this.#stopKeys?.();
    this.#planned.dispose();
  }

  #startOver(): void {
    this.#isStartingOver = true;
    this.#stopped.abort();
    this.#runtime?.drain();
  }

  async #openLog(environment: Environment): Promise<void> {
    this.#log = this.#planned.store(environment);
    await this.#log.open();
  }

  async #append(record: TapeRecord): Promise<void> {
    await this.#log?.append([record], this.#stopped.signal);
    if (++this.#appended % trimEvery === 0) await this.#log?.trim(kept);
  }

  /** Messages that a topology has still to read. */
  #waiting(): number {
    const lags = this.#runtime?.snapshot().map(({ state, lag = 0 }) => (state === 'running' ? lag : 0)) ?? [];
    return Math.max(0, ...lags);
  }
}
