import { createHash } from 'node:crypto';
import type { Plan } from '../engine/plan.ts';
import { type RunResult, Runtime } from '../engine/runtime.ts';
import { errorText } from '../errors.ts';
import { seededChance } from '../kit/chance.ts';
import type { Logger } from '../kit/environment.ts';
import type { TopologySnapshot } from '../kit/snapshot.ts';
import { agendaOf, type Happenings } from './agenda.ts';
import { Contents } from './contents.ts';
import type { SinkFault, TimedFault } from './faults.ts';
import { Life } from './life.ts';
import type { LookupFault } from './lookup-faults.ts';
import type { Manifest } from './recording/manifest.ts';
import type { Reply } from './request-input.ts';
import type { TapeEntry } from './tape.ts';
import { VirtualClock } from './virtual-clock.ts';
import { type Stored, type StoredAt, World } from './world.ts';

/** A run is a plan of one topology, a tape, faults and a seed: the same four give the same run. */
export interface RunRequest {
  readonly plan: Plan;
  /** Rows that tables have at the start, by connector. */
  readonly rows: ReadonlyMap<string, readonly unknown[]>;
  /** In the order of time. */
  readonly tape: Iterable<TapeEntry>;
  /** Of a tape that was recorded: its log is the one that is read, and it begins at its time. */
  readonly recorded?: Manifest | undefined;
  readonly sinkFaults: readonly SinkFault[];
  readonly lookupFaults?: readonly LookupFault[];
  readonly timedFaults: readonly TimedFault[];
  readonly seed: number;
  /** Virtual time in which everything that came must be done, ms; left out: some minutes after the last of it, and the last fault. */
  readonly withinMs?: number | undefined;
  /** Gets what a sink has stored; without it the outcome has all of it. */
  readonly onStored?: (stored: Stored, when: StoredAt) => void;
  /** Called at the end with what is outside of the process, before it is gone. */
  readonly inspect?: (world: World) => void;
}

/** What came of it. */
export interface RunOutcome {
  /** What is in each connector at the end, in order: rows of a table, records of a log, lines that a sink was given. */
  readonly contents: Contents;
  /** What sinks have stored, in order. */
  readonly stored: readonly Stored[];
  readonly committed: readonly { readonly partition: number; readonly offset: number }[];
  readonly replies: readonly Reply[];
  /** Entries of the tape. */
  readonly messages: number;
  /** Source messages that the last process rejected. */
  readonly rejected: number;
  /** When everything was done, ms of virtual time; undefined if it never was. */
  readonly doneMs: number | undefined;
  /** Why something went wrong beyond what a test expects; undefined if nothing did. */
  readonly trouble: string | undefined;
  /** Warnings and errors that were logged. */
  readonly log: readonly string[];
  /** Of all the above: the same for the same request. */
  readonly digest: string;
}

/** How often it is checked whether everything is done, ms of virtual time. */
const stepMs = 100;
/** Virtual time that a run gets after what comes last, unless it is told how much it may take, ms. */
const afterLastMs = 600_000;
/** How long a topology may take to connect, ms of virtual time. */
const readyMs = 60_000;

interface Running {
  readonly life: Life;
  readonly runtime: Runtime;
  readonly ended: Promise<RunResult>;
}

/**
 * Runs a topology as it is on the virtual clock, with the twins of its connectors.
 * @throws FDP_SPEC_INVALID if a connector has no twin, FDP_MESSAGE_REFUSED for a row that its table does not take
 */
export async function runOnTape(request: RunRequest): Promise<RunOutcome> {
  const run = new TapeRun(request);
  try {
    return await run.toEnd();
  } finally {
    run.dispose();
  }
}

class TapeRun {
  readonly #request: RunRequest;
  readonly #clock = new VirtualClock();
  readonly #log: string[] = [];
  readonly #world: World;
  #processes = 0;
  #messages = 0;
  #running: Running;
  /** When the topology was ready, ms of the clock. */
  #startMs = Number.POSITIVE_INFINITY;

  constructor(request: RunRequest) {
    this.#request = request;
    const { plan, seed, sinkFaults: faults, lookupFaults = [] } = request;
    const log = this.#logger();
    const environment = { clock: this.#clock, chance: seededChance(seed), log, failPoint: () => {} };
    const sinceReady = () => this.#clock.monotonic() - this.#startMs;
    const { onStored } = request;
    this.#world = new World(plan, {
      ...{ faults, lookupFaults, seed, environment, sinceReady },
      ...(onStored && { onStored: (stored) => onStored(stored, { atMs: sinceReady(), nowMs: this.#clock.now() }) }),
    });
    if (request.recorded) this.#world.isOf(request.recorded);
    this.#running = this.#start();
  }

  async toEnd(): Promise<RunOutcome> {
    const clock = this.#clock;
    for (const [connector, rows] of this.#request.rows) await this.#world.give(connector, rows);
    await this.#until(readyMs, () => this.#snapshot.state === 'running');
    const startMs = clock.monotonic();
    this.#startMs = startMs;
    const { recorded, tape, timedFaults } = this.#request;
    if (recorded) clock.jump(recorded.from - clock.now());
    let lastMs = 0;
    for (const { atMs, happen } of agendaOf(tape, timedFaults, this.#happenings())) {
      await clock.advance(Math.max(0, startMs + atMs - clock.monotonic()));
      await happen();
      lastMs = atMs;
    }
    const leftMs = startMs + (this.#request.withinMs ?? lastMs + afterLastMs) - clock.monotonic();
    const isDone = await this.#until(leftMs, () => this.#isDone);
    const doneMs = isDone ? clock.monotonic() - startMs : undefined;
    const waiting = isDone ? undefined : this.#waitsFor();
    const outcome = this.#outcome(doneMs, waiting ?? (await this.#stop()));
    this.#request.inspect?.(this.#world);
    return outcome;
  }

  dispose(): void {
    this.#running.life.kill();
    this.#world.dispose();
  }

  get #snapshot(): TopologySnapshot {
    const [snapshot] = this.#running.runtime.snapshot();
    return snapshot as TopologySnapshot;
  }

  get #isDone(): boolean {
    const { state, inFlight, nodes } = this.#snapshot;
    const isQuiet = inFlight === 0 && nodes.every((node) => node.inFlight === 0);
    return state === 'running' && isQuiet && this.#world.isCaughtUp;
  }

  /** A process begins: the first one, or the one after a crash. */
  #start(): Running {
    const seed = this.#request.seed + 1000 * this.#processes++;
    const life = new Life(this.#clock, seed, undefined, this.#logger());
    const runtime = new Runtime(this.#world.plan, life.environment);
    return { life, runtime, ended: runtime.run() };
  }

  /** What the tape and the faults do to this run. */
  #happenings(): Happenings {
    const world = this.#world;
    return {
      take: (entries) => {
        this.#messages += entries.length;
        return world.take(entries);
      },
      cut: (isCut) => world.cut(isCut),
      jump: (ms) => this.#clock.jump(ms),
      backUp: (branch) => world.backUp(branch),
      crash: (meanwhile) => this.#crash(meanwhile),
    };
  }

  /** The process is killed: whatever it was doing goes no further. The next one begins at once. */
  #crash(meanwhile = () => {}): void {
    this.#running.life.kill();
    this.#world.crash();
    meanwhile();
    this.#running = this.#start();
  }

  /** Lets time pass until something holds; false if it does not in time, or the topology has ended. */
  async #until(limitMs: number, holds: () => boolean): Promise<boolean> {
    const end = this.#clock.monotonic() + limitMs;
    await this.#clock.settle();
    while (!holds()) {
      const { state } = this.#snapshot;
      const leftMs = end - this.#clock.monotonic();
      if (leftMs <= 0 || state === 'failed' || state === 'stopped') return false;
      await this.#clock.advance(Math.min(stepMs, leftMs));
    }
    return true;
  }

  /** Stops the process cleanly; returns what was wrong with it. */
  async #stop(): Promise<string | undefined> {
    const { runtime, ended } = this.#running;
    runtime.drain();
    try {
      const { exitCode, unfinished } = await this.#clock.until(ended);
      const { read, delivered, filtered, rejected, released, inFlight } = this.#snapshot;
      if (unfinished.length > 0) return 'the stop had to be forced';
      if (exitCode !== 0) return this.#waitsFor();
      const accounted = delivered + filtered + rejected + released + inFlight;
      return read === accounted ? undefined : `${read} messages were read, and ${accounted} are accounted for`;
    } catch (error) {
      return `it does not stop: ${errorText(error)}`;
    }
  }

  #waitsFor(): string {
    const { state, reason, inFlight } = this.#snapshot;
    const why = reason === undefined ? '' : `, ${reason}`;
    return `the topology is ${state}${why}; ${inFlight} messages in flight`;
  }

  #outcome(doneMs: number | undefined, trouble: string | undefined): RunOutcome {
    const { twins, stored, committed, requests } = this.#world;
    const contents = new Contents(twins);
    const { rejected } = this.#snapshot;
    const outcome = { stored, committed, replies: requests.replies, rejected, doneMs, trouble, log: this.#log };
    const seen = stored.map(({ branch, message: { key, value, meta, timestamp } }) => [
      branch,
      key,
      value,
      meta,
      timestamp,
    ]);
    const digest = createHash('sha256').update(JSON.stringify({ ...outcome, stored: seen }));
    contents.addTo(digest);
    return { ...outcome, contents, messages: this.#messages, digest: digest.digest('hex') };
  }

  #logger(): Logger {
    const note = (level: string) => (_fields: object, text: string) => void this.#log.push(`${level}: ${text}`);
    const nothing = () => {};
    return { debug: nothing, info: nothing, warn: note('warn'), error: note('error') };
  }
}
