import type { Row } from '../../kit/row.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';
import { asValues } from '../../simulate/packed-tape.ts';
import { shortestFailing, smallestFailing } from '../../simulate/shrink.ts';
import type { Tape, TapeEntry } from '../../simulate/tape.ts';
import { faultTimes, movedFault } from './fault-times.ts';
import { isFields } from './oracle/trades.ts';
import { withIds } from './requests/given-tables.ts';
import { runStage, violationsOf } from './stage.ts';
import type { StageRequest } from './stage-run.ts';

/** Runs that are made at most. */
const mostRuns = 600;
/** The seed of `fdp test` unless it is given one. */
export const testSeed = 1;

/** The least of a run that breaks the same promise. */
export interface Shrunk extends StageRequest {
  /** The kind of violation that it shows. */
  readonly kind: string;
  readonly runs: number;
}

/**
 * Leaves out of a run that breaks a promise what it does not need: what comes after it, faults, messages, trades of messages, rows
 * of tables, and the time before the first of them. What is left breaks the same promise.
 */
export async function shrinkStage(stage: StageRequest, kind: string): Promise<Shrunk> {
  const shrinking = new Shrinking(stage, kind);
  await shrinking.shrink();
  return { ...shrinking.stage, kind, runs: shrinking.runs };
}

class Shrinking {
  stage: StageRequest;
  runs = 0;
  readonly #kind: string;

  constructor(stage: StageRequest, kind: string) {
    this.stage = stage;
    this.#kind = kind;
  }

  async shrink(): Promise<void> {
    await this.#keep({ tape: await shortestFailing(this.stage.tape, (tape) => this.#fails(upTo(this.stage, tape))) });
    this.stage = upTo(this.stage, this.stage.tape);
    await this.#faults();
    const tape = await shortestFailing([...this.stage.tape].reverse(), (reversed) =>
      this.#fails({ ...this.stage, tape: [...reversed].reverse() }),
    );
    await this.#keep({ tape: [...tape].reverse() });
    await this.#keep({ tape: asValues(this.stage.tape) });
    await this.#messages();
    await this.#trades();
    await this.#rows();
    await this.#faults();
    await this.#keep(earlier(this.stage));
    await this.#keep({ seed: testSeed });
  }

  async #faults(): Promise<void> {
    const faults = await smallestFailing(this.stage.faults, (some) => this.#fails({ ...this.stage, faults: some }));
    this.stage = { ...this.stage, faults };
  }

  async #messages(): Promise<void> {
    const tape = await smallestFailing(this.stage.tape, (some) => this.#fails({ ...this.stage, tape: some }));
    this.stage = { ...this.stage, tape };
  }

  /** Of each message only the trades that are needed. */
  async #trades(): Promise<void> {
    for (const [at, entry] of this.stage.tape.entries()) {
      const trades = tradesOf(entry);
      if (trades.length < 2) continue;
      const withTrades = (some: readonly unknown[]) => ({
        ...this.stage,
        tape: this.stage.tape.with(at, only(entry, some)),
      });
      const needed = await smallestFailing(trades, async (some) => some.length > 0 && this.#fails(withTrades(some)));
      this.stage = withTrades(needed);
    }
  }

  /** Of each table that requests are about only the rows that are needed. */
  async #rows(): Promise<void> {
    const { given } = this.stage;
    if (!given) return;
    for (const [name, table] of given.tables) {
      const withRows = (rows: readonly Row[]): StageRequest => {
        const tables = new Map(this.stage.given?.tables).set(name, withIds({ ...table, rows }));
        return { ...this.stage, given: { ...given, tables } };
      };
      this.stage = withRows(await smallestFailing(table.rows, (some) => this.#fails(withRows(some))));
    }
  }

  /** Takes a change if the run still fails with it. */
  async #keep(change: Partial<StageRequest>): Promise<void> {
    const changed = { ...this.stage, ...change };
    if (await this.#fails(changed)) this.stage = changed;
  }

  async #fails(stage: StageRequest): Promise<boolean> {
    if (this.runs++ >= mostRuns) return false;
    return violationsOf(await runStage(stage)).some(({ kind }) => kind === this.#kind);
  }
}

/** The run up to the end of a shorter tape: a fault that comes later matters no more. */
function upTo(stage: StageRequest, tape: Tape): StageRequest {
  const lastMs = (tape.at(-1)?.atMs ?? 0) + 60_000;
  return { ...stage, tape, faults: stage.faults.filter((fault) => faultTimes(fault) <= lastMs) };
}

/** The same, beginning with what comes first. */
function earlier({ tape, faults }: StageRequest): Partial<StageRequest> {
  const firstMs = Math.min(...[...tape.map(({ atMs }) => atMs), ...faults.map(faultTimes)]);
  return {
    tape: tape.map((entry) => ({ ...entry, atMs: entry.atMs - firstMs })),
    faults: faults.map((fault): TestFault => movedFault(fault, -firstMs)),
  };
}

function tradesOf({ content }: TapeEntry): readonly unknown[] {
  if (!('value' in content) || !isFields(content.value)) return [];
  const { data } = content.value;
  return Array.isArray(data) ? data : [];
}

function only(entry: TapeEntry, data: readonly unknown[]): TapeEntry {
  const value = 'value' in entry.content && isFields(entry.content.value) ? entry.content.value : {};
  return { ...entry, content: { value: { ...value, data } } };
}
