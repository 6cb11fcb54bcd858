import type { AuditedValue } from '../../../src/kit/reconciler.ts';
import { differentFields } from './difference.ts';
import type { Contribution } from './evidence.ts';
import { allRows, boundsOf, compareKeys, highestMarks } from './marks.ts';

import { RowRecount } from './recount.ts';
import type { Doubt, Reconcilable } from './subject.ts';

/** One pass over all messages, for the smallest keys above a key. */
export class Range {
  rows = 0;
  messages = 0;
  ahead = 0;
  /** The last key of the range; undefined when there are no more. */
  last: AuditedValue | undefined;
  bounds: ReadonlyMap<string, number> = new Map();
  /** The highest offset that was stored of each lane. */
  readonly ends = new Map<string, number>();
  readonly #subject: Reconcilable;
  readonly #above: AuditedValue | undefined;
  readonly #maxRows: number;
  readonly #recounts = new Map<AuditedValue, RowRecount>();

  constructor(subject: Reconcilable, { above, maxRows }: { above: AuditedValue | undefined; maxRows: number }) {
    this.#subject = subject;
    this.#above = above;
    this.#maxRows = maxRows;
  }

  /** Gives the rows that seem to differ. */
  async read(signal: AbortSignal): Promise<readonly Doubt[]> {
    const { evidence } = this.#subject;
    this.bounds = boundsOf(await highestMarks(this.#subject.counters, signal), this.#subject.underWay);
    for await (const page of evidence.pages(signal)) {
      for (const { origin } of page)
        if (origin.offset > (this.ends.get(origin.lane) ?? -1)) this.ends.set(origin.lane, origin.offset);
      await this.#take(
        page.filter((one) => this.#wants(one)),
        signal,
      );
      if (this.#recounts.size > this.#maxRows * 1.25) this.#shrink();
    }
    if (this.#recounts.size > this.#maxRows) this.#shrink();
    const doubts: Doubt[] = [];
    for (const recount of this.#recounts.values()) {
      this.ahead += recount.ahead;
      this.messages += recount.taken;
      const isWhole = Object.entries(recount.row?.marks ?? {}).every(([lane, [offset]]) =>
        evidence.hasReached(lane, offset),
      );
      if (!isWhole || Object.keys(differentFields(this.#subject.shape, recount)).length > 0)
        doubts.push({ key: recount.key, hasMessages: true });
    }
    this.rows = this.#recounts.size;
    for (const key of await this.#rowsWithoutMessages(signal)) doubts.push({ key, hasMessages: false });
    return doubts;
  }

  async #take(page: readonly Contribution[], signal: AbortSignal): Promise<void> {
    const unknown = [...new Set(page.map(({ key }) => key))].filter((key) => !this.#recounts.has(key));
    if (unknown.length > 0) {
      const rows = await this.#subject.counters.rows(unknown, signal);
      for (const key of unknown)
        this.#recounts.set(key, new RowRecount(key, rows.get(key), { bounds: this.bounds, holding: false }));
    }
    for (const one of page) this.#recounts.get(one.key)?.take(one);
  }

  #wants({ key, steps }: Contribution): boolean {
    if (!this.#isWithin(key)) return false;
    const { wants } = this.#subject;
    return !wants || wants(key, Object.fromEntries(steps.map(({ field, value }) => [field, value])));
  }

  #isWithin(key: AuditedValue): boolean {
    const isAboveFirst = this.#above === undefined || compareKeys(key, this.#above) > 0;
    return isAboveFirst && (this.last === undefined || compareKeys(key, this.last) <= 0);
  }

  /** Leaves the greatest keys to the next range. */
  #shrink(): void {
    const keys = [...this.#recounts.keys()].sort(compareKeys);
    this.last = keys[this.#maxRows - 1];
    for (const key of keys.slice(this.#maxRows)) this.#recounts.delete(key);
  }

  async #rowsWithoutMessages(signal: AbortSignal): Promise<readonly AuditedValue[]> {
    const { counters, definition, wants, shape } = this.#subject;
    const found: AuditedValue[] = [];
    for await (const { values } of allRows(counters, signal)) {
      const key = values[definition.unique ?? ''] ?? null;
      if (this.#recounts.has(key) || !this.#isWithin(key) || wants?.(key, values) === false) continue;
      this.rows++;
      const isCounting = Object.entries(shape.fields).some(
        ([field, kind]) => (kind === 'count' || kind === 'sum') && Number(values[field] ?? 0) !== 0,
      );
      if (isCounting) found.push(key);
    }
    return found;
  }
}
