import { isRetriable } from '../../../src/errors.ts';
import type { AuditedState } from '../../../src/kit/audit.ts';
import type { AuditedValue, Difference } from '../../../src/kit/reconciler.ts';
import { correctedRow, type DifferentFields, differentFields, likelyCause } from './difference.ts';
import type { Contribution, Missing } from './evidence.ts';
import { highestMarks } from './marks.ts';
import { type Bounds, RowRecount } from './recount.ts';
import type { Doubt, Reconcilable, ReconcileOptions } from './subject.ts';

export interface SettlementOptions extends Pick<ReconcileOptions, 'repair' | 'found'> {
  readonly missing: Missing | undefined;
  readonly bounds: Bounds;
  /** The highest offset that was stored of each lane. */
  readonly ends: ReadonlyMap<string, number>;
}

/** Messages above the marks of their rows that are held, at most. */
const mostHeld = 50_000;
/** Rows that are read again together. */
const chunkRows = 500;
/** How far the time of a message may lie after its receipt, ms. */
const dayMs = 86_400_000;
/** So often a row may change before it could be compared or repaired, until it is left for the next time. */
const mostTries = 200;

/** Recomputes the rows that seemed to differ from the beginning, follows them to what they are now, and repairs them. */
export class Settlement {
  differences = 0;
  left = 0;
  readonly #subject: Reconcilable;
  readonly #options: SettlementOptions;
  readonly #recounts = new Map<AuditedValue, RowRecount>();
  #held = 0;
  /** Lanes whose counters are far behind what is stored: their marks were lowered, or their rows restored. */
  #behind: ReadonlySet<string> = new Set();

  constructor(subject: Reconcilable, options: SettlementOptions) {
    this.#subject = subject;
    this.#options = options;
  }

  async settle(doubts: readonly Doubt[], signal: AbortSignal): Promise<{ differences: number; left: number }> {
    const { counters, evidence, underWay } = this.#subject;
    const { bounds, ends } = this.#options;
    const highest = await highestMarks(counters, signal);
    this.#behind = new Set(
      [...ends].filter(([lane, end]) => end > (highest.get(lane)?.[0] ?? -1) + underWay).map(([lane]) => lane),
    );
    const keys = doubts.map(({ key }) => key);
    const rows = await counters.rows(keys, signal);
    for (const key of keys) this.#recounts.set(key, new RowRecount(key, rows.get(key), { bounds, holding: true }));
    for await (const page of evidence.pages(signal)) {
      this.#take(page, false);
      if (this.#held > mostHeld) await this.#letGo(signal);
    }
    const all = [...this.#recounts.values()];
    for (let start = 0; start < all.length; start += chunkRows)
      await this.#settleChunk(all.slice(start, start + chunkRows), signal);
    return { differences: this.differences, left: this.left };
  }

  #take(page: readonly Contribution[], isLate: boolean): void {
    for (const one of page) {
      const recount = this.#recounts.get(one.key);
      if (!recount) continue;
      const before = recount.held;
      if (isLate) recount.takeLate(one);
      else recount.take(one);
      this.#held += recount.held - before;
    }
  }

  /** Too much is held: what has been counted by now needs not be, and the rest no row waits for. */
  async #letGo(signal: AbortSignal): Promise<void> {
    const holding = [...this.#recounts.values()].filter(({ held }) => held > 0);
    await this.#follow(holding, signal);
    if (this.#heldNow() > mostHeld / 2) for (const recount of holding) recount.letGo();
    this.#held = this.#heldNow();
  }

  #heldNow(): number {
    return [...this.#recounts.values()].reduce((sum, { held }) => sum + held, 0);
  }

  async #settleChunk(chunk: readonly RowRecount[], signal: AbortSignal): Promise<void> {
    await this.#follow(chunk, signal);
    for (const recount of chunk) {
      const difference = await this.#settled(recount, signal);
      if (difference) this.#report(difference);
      this.#recounts.delete(recount.key);
    }
  }

  #report(difference: Difference): void {
    this.differences++;
    if (!difference.repaired) this.left++;
    this.#options.found(difference);
  }

  /** Reads the rows, and takes in what they have counted since. Gives those that could be followed. */
  async #follow(recounts: readonly RowRecount[], signal: AbortSignal): Promise<ReadonlySet<RowRecount>> {
    const { counters, evidence } = this.#subject;
    const rows = await counters.rows(
      recounts.map(({ key }) => key),
      signal,
    );
    this.#take(
      await evidence.more(
        recounts.map(({ marks }) => marks),
        signal,
      ),
      true,
    );
    return new Set(recounts.filter((recount) => this.#isFollowed(recount, rows.get(recount.key))));
  }

  #isFollowed(recount: RowRecount, row: AuditedState | undefined): boolean {
    const { evidence } = this.#subject;
    const isKnown = Object.entries(row?.marks ?? {}).every(
      ([lane, mark]) => recount.row?.marks[lane]?.[0] === mark[0] || evidence.hasReached(lane, mark[0]),
    );
    return isKnown && recount.follow(row);
  }

  /** The difference that a row has, or had until now; undefined when it has none. */
  async #settled(recount: RowRecount, signal: AbortSignal): Promise<Difference | undefined> {
    const { shape } = this.#subject;
    for (let tries = 0; tries < mostTries; tries++) {
      if (tries > 0 && !(await this.#follow([recount], signal)).has(recount)) return this.#moving(recount);
      const fields = differentFields(shape, recount);
      if (Object.keys(fields).length === 0) return undefined;
      const difference = { key: recount.key, fields, cause: likelyCause(shape, recount, fields), repaired: false };
      const left = this.#whyLeft(recount, fields);
      if (left === 'unknown') return undefined;
      if (left !== undefined) return { ...difference, left };
      if (!this.#options.repair) return difference;
      if (await this.#repair(recount, signal)) return { ...difference, repaired: true };
    }
    return this.#moving(recount);
  }

  /** Why a row must not be repaired; `unknown` where not even a difference is certain. */
  #whyLeft(recount: RowRecount, fields: DifferentFields): string | undefined {
    const { evidence, shape } = this.#subject;
    const isMore = Object.entries(fields).some(
      ([field, { stored, recomputed }]) =>
        ['count', 'sum', 'highest'].includes(shape.fields[field] ?? '') && Number(stored) > Number(recomputed),
    );
    const why = this.#whyMissing(recount);
    if (why !== undefined) {
      const isLess = Object.entries(fields).some(
        ([field, { stored, recomputed }]) =>
          shape.fields[field] === 'count' && Number(stored ?? 0) < Number(recomputed),
      );
      return isLess && !isMore ? `${evidence.name}: ${why}: the right value is not known` : 'unknown';
    }
    if (recount.row === undefined) return undefined;
    const lane = recount.unfoundLane;
    if (lane !== undefined && isMore)
      return `${evidence.name} lacks the message of ${lane} that was counted last: rows were removed, or it was restored`;
    if (isMore && recount.heldLanes.some((held) => this.#behind.has(held)))
      return 'messages above its marks may be counted: they were lowered by `counters forget`, or the row was restored';
    return undefined;
  }

  /** Why not all messages of a row may be there; undefined when it begins a day after the last that is missing. */
  #whyMissing({ row, totals }: RowRecount): string | undefined {
    const { startField } = this.#subject;
    const { missing } = this.#options;
    if (!missing) return undefined;
    const start = startField === undefined ? null : (totals.value(startField) ?? row?.values[startField] ?? null);
    const isWhole = missing.before !== undefined && start !== null && Number(start) >= missing.before + dayMs;
    return isWhole ? undefined : missing.why;
  }

  /** False when somebody came between. */
  async #repair(recount: RowRecount, signal: AbortSignal): Promise<boolean> {
    const { counters, definition, shape, evidence } = this.#subject;
    let isDone = false;
    const revision = (row: AuditedState | undefined) => {
      isDone = false;
      if (evidence.moreNow) this.#take(evidence.moreNow(), true);
      const isSame = evidence.moreNow ? this.#isFollowed(recount, row) : isUnchanged(recount.row, row);
      if (!isSame) return undefined;
      if (!evidence.moreNow) recount.row = row;
      isDone = true;
      const fields = differentFields(shape, recount);
      return Object.keys(fields).length === 0 ? undefined : correctedRow(definition, recount, fields);
    };
    try {
      await counters.revise(recount.key, revision, signal);
      return isDone;
    } catch (error) {
      if (signal.aborted || !isRetriable(error)) throw error;
      return false;
    }
  }

  #moving({ key, row }: RowRecount): Difference {
    const cause = 'the row changes faster than it can be compared';
    return {
      key,
      fields: {},
      cause,
      repaired: false,
      left: row ? 'compare it again later' : 'it was removed meanwhile',
    };
  }
}

/** The same marks: nothing was counted since. */
function isUnchanged(before: AuditedState | undefined, now: AuditedState | undefined): boolean {
  const [was, is] = [before?.marks ?? {}, now?.marks ?? {}];
  const lanes = new Set([...Object.keys(was), ...Object.keys(is)]);
  const isSame = (lane: string) => was[lane]?.[0] === is[lane]?.[0] && was[lane]?.[1] === is[lane]?.[1];
  return (before === undefined) === (now === undefined) && [...lanes].every(isSame);
}
