import { type Aggregate, type Item, together, weightSum } from './aggregate.ts';
import type { Calendar } from './calendar.ts';
import { SlidingWindow } from './sliding-window.ts';

/** Which of a key's items a window holds. */
export type WindowRule =
  /** The last ones, in order of arrival. */
  | { readonly by: 'count'; readonly count: number }
  /** Those later than the newest time minus so many ms. */
  | { readonly by: 'time'; readonly ms: number; readonly most: number }
  /** The fewest of the last ones, in order of arrival, whose weights add up to at least so much. */
  | { readonly by: 'weight'; readonly weight: number; readonly most: number }
  /** Those of the calendar's session that the newest one lies in. */
  | { readonly by: 'session'; readonly calendar: Calendar }
  /** Those from the last anchor on. */
  | { readonly by: 'anchor' };

/** The items of one key. */
export interface Window {
  /**
   * Takes the next item in order of arrival, and may change it; one that is too late for the window changes nothing.
   * @throws FDP_MESSAGE_INVALID for a time that the calendar does not cover
   */
  add(item: Item, isAnchor: boolean): void;
  /** Puts the aggregate of what the window holds into `target`; false when it holds nothing. */
  total(target: Float64Array): boolean;
}

/**
 * A window that holds nothing yet. In one by time the items are in order of their times. In all others they are in order of
 * arrival, and one that is late counts as one of the newest time.
 *
 * @param onShortened called when an item left early, because the window held as many as it may
 */
export function windowOf(rule: WindowRule, aggregate: Aggregate, onShortened: () => void): Window {
  switch (rule.by) {
    case 'count':
      return new LastItems(rule.count, aggregate);
    case 'time':
      return new LastTime(rule, aggregate, onShortened);
    case 'weight':
      return new LastWeight(rule, aggregate, onShortened);
    default:
      return new Running(rule.by === 'session' ? rule.calendar : undefined, aggregate);
  }
}

/** Gives items that come late the newest time. */
class Arrivals {
  #newest = Number.NEGATIVE_INFINITY;

  restart(): void {
    this.#newest = Number.NEGATIVE_INFINITY;
  }

  date(item: Item): void {
    this.#newest = Math.max(this.#newest, item.time);
    item.time = this.#newest;
  }
}

class LastItems implements Window {
  readonly #count: number;
  readonly #items: SlidingWindow;
  readonly #arrivals = new Arrivals();

  constructor(count: number, aggregate: Aggregate) {
    this.#count = count;
    this.#items = new SlidingWindow(aggregate);
  }

  add(item: Item): void {
    this.#arrivals.date(item);
    this.#items.add(item);
    if (this.#items.size > this.#count) this.#items.removeFirst();
  }

  total(target: Float64Array): boolean {
    return this.#items.total(target);
  }
}

class LastTime implements Window {
  readonly #ms: number;
  readonly #most: number;
  readonly #items: SlidingWindow;
  readonly #onShortened: () => void;
  #newest = Number.NEGATIVE_INFINITY;

  constructor(
    { ms, most }: { readonly ms: number; readonly most: number },
    aggregate: Aggregate,
    onShortened: () => void,
  ) {
    this.#ms = ms;
    this.#most = most;
    this.#items = new SlidingWindow(aggregate);
    this.#onShortened = onShortened;
  }

  add(item: Item): void {
    this.#newest = Math.max(this.#newest, item.time);
    const end = this.#newest - this.#ms;
    if (item.time <= end) return;
    const items = this.#items;
    for (let first = items.firstTime; first !== undefined && first <= end; first = items.firstTime) items.removeFirst();
    items.add(item);
    if (items.size <= this.#most) return;
    items.removeFirst();
    this.#onShortened();
  }

  total(target: Float64Array): boolean {
    return this.#items.total(target);
  }
}

class LastWeight implements Window {
  readonly #weight: number;
  readonly #most: number;
  readonly #items: SlidingWindow;
  readonly #onShortened: () => void;
  readonly #arrivals = new Arrivals();
  /** The sum of the weights, and the aggregate that is asked for. */
  readonly #both: Float64Array;

  constructor(
    { weight, most }: { readonly weight: number; readonly most: number },
    aggregate: Aggregate,
    onShortened: () => void,
  ) {
    const both = together([weightSum, aggregate]);
    this.#weight = weight;
    this.#most = most;
    this.#items = new SlidingWindow(both);
    this.#both = new Float64Array(both.size);
    this.#onShortened = onShortened;
  }

  add(item: Item): void {
    this.#arrivals.date(item);
    this.#items.add(item);
    while (this.#items.total(this.#both, true) && this.#isEnough()) this.#items.removeFirst();
    if (this.#items.size <= this.#most) return;
    this.#items.removeFirst();
    this.#onShortened();
  }

  total(target: Float64Array): boolean {
    if (!this.#items.total(this.#both)) return false;
    target.set(this.#both.subarray(weightSum.size));
    return true;
  }

  #isEnough(): boolean {
    const [high = 0, low = 0] = this.#both;
    return high > this.#weight || (high === this.#weight && low >= 0);
  }
}

class Running implements Window {
  readonly #calendar: Calendar | undefined;
  readonly #aggregate: Aggregate;
  readonly #sum: Float64Array;
  readonly #one: Float64Array;
  readonly #arrivals = new Arrivals();
  /** When the session began, or the anchor was; undefined before the first. */
  #start: number | undefined;

  constructor(calendar: Calendar | undefined, aggregate: Aggregate) {
    this.#calendar = calendar;
    this.#aggregate = aggregate;
    this.#sum = new Float64Array(aggregate.size);
    this.#one = new Float64Array(aggregate.size);
  }

  add(item: Item, isAnchor: boolean): void {
    const { put, join } = this.#aggregate;
    const begins = this.#calendar ? this.#calendar.session(item.time).start : isAnchor ? item.time : undefined;
    const start = this.#start;
    if (begins !== undefined && (start === undefined || begins > start || (isAnchor && begins === start))) {
      this.#start = begins;
      this.#arrivals.restart();
      this.#arrivals.date(item);
      put(this.#sum, 0, item);
    } else if (start !== undefined && (begins ?? item.time) >= start) {
      this.#arrivals.date(item);
      put(this.#one, 0, item);
      join(this.#sum, 0, this.#sum, 0, this.#one, 0);
    }
  }

  total(target: Float64Array): boolean {
    if (this.#start !== undefined) target.set(this.#sum);
    return this.#start !== undefined;
  }
}
