import type { Trade } from '../../../connectors/shared/feed/trade.ts';
import { type Chance, seededChance } from '../../kit/chance.ts';
import { gapMessage } from '../../kit/gap-message.ts';
import type { TapeEntry } from '../tape.ts';
import { Activity, type MarketSession } from './activity.ts';
import { type Incident, incidentsOf } from './incidents.ts';
import { Stocks } from './stocks.ts';

export interface MarketOptions {
  readonly seed: number;
  /** The most active first. */
  readonly symbols: readonly string[];
  /** On average, while the market is open. */
  readonly tradesPerSecond: number;
  /** Event time of the start, Unix ms. */
  readonly startMs: number;
  readonly lengthMs: number;
  /** The feed that its gap messages name. */
  readonly feed: string;
  /** The session that a time (Unix ms) lies in. */
  sessionAt(time: number): MarketSession;
}

/** What a market did, beside its frames. */
export interface MarketFacts {
  trades: number;
  /** Trades that were sent a second time. */
  doubled: number;
  /** Trades that came more than a second after one of the same symbol that was made later. */
  late: number;
  /** Trades that can't be one, and frames that are no JSON. */
  broken: number;
  /** Trades that were made while the feed was away. */
  missed: number;
  readonly incidents: readonly Incident[];
}

const mostOfFrame = 16;
/** The probability that a frame comes at the time of the one before: trades come in bursts. */
const atOnce = 0.85;
/** Of those that may come a second time. */
const remembered = 64;

/**
 * A seeded market as a feed gives it: sessions with busy beginnings and ends, symbols that move together, halts, a feed that is
 * away now and then (with its gap messages), a vendor's clock that goes wrong, and trades that come late, twice, in another order,
 * or broken. The same options give the same tape.
 */
export class Market {
  readonly facts: MarketFacts;
  readonly #options: MarketOptions;
  readonly #chance: Chance;
  readonly #stocks: Stocks;
  readonly #activity: Activity;
  readonly #recent: Trade[] = [];
  #at = 0;
  /** Trades for which time has not gone on yet. */
  #due = 0;

  constructor(options: MarketOptions) {
    this.#options = options;
    this.#chance = seededChance(options.seed);
    this.#stocks = new Stocks(this.#chance, options.symbols);
    this.#activity = new Activity(options);
    const incidents = incidentsOf(this.#chance, options);
    this.facts = { trades: 0, doubled: 0, late: 0, broken: 0, missed: 0, incidents };
  }

  /** Everything that the feed gives, in the order of time, ms since the start. */
  *tape(): Generator<TapeEntry> {
    const edges = this.#edges();
    for (let size = this.#size(); this.#step(size); size = this.#size()) {
      while (edges[0] && edges[0].atMs <= this.#at) yield* (edges.shift() as Edge).entries;
      const trades = this.#frame(size);
      if (this.#during('away')) this.facts.missed += trades.length;
      else {
        if (trades.length > 0) {
          this.facts.trades += trades.length;
          yield { atMs: Math.floor(this.#at), key: null, content: { value: { type: 'trade', data: trades } } };
        }
        if (this.#chance.next() < 0.0002) yield this.#broken();
      }
    }
    for (const { entries } of edges) yield* entries;
  }

  /** Time goes on until a frame of that size is due, or a burst of them; false at the end. */
  #step(size: number): boolean {
    this.#due += size * (0.5 + this.#chance.next());
    if (this.#chance.next() < atOnce) return true;
    const at = this.#activity.after(this.#at, this.#due);
    if (at === undefined) return false;
    this.#at = at;
    this.#due = 0;
    return true;
  }

  #size(): number {
    return 1 + Math.floor(this.#squared() * mostOfFrame);
  }

  #frame(size: number): readonly Trade[] {
    const trades: Trade[] = [];
    for (let count = 0; count < size; count++) {
      const trade = this.#trade();
      if (trade) trades.push(trade);
    }
    if (this.#recent.length > 0 && this.#chance.next() < 0.02) {
      trades.push(this.#recent[Math.floor(this.#chance.next() * this.#recent.length)] as Trade);
      this.facts.doubled++;
    }
    const last = trades.at(-1);
    if (last && !this.#during('away')) this.#recent.push(last);
    if (this.#recent.length > remembered) this.#recent.shift();
    return trades;
  }

  /** None of a symbol that is halted. */
  #trade(): Trade | undefined {
    const stock = this.#stocks.pick();
    if (this.facts.incidents.some((each) => each.symbol === stock.symbol && isDuring(each, this.#at))) return undefined;
    const t = this.#time();
    const trade = this.#stocks.trade(stock, t);
    if (this.#chance.next() >= 0.0003) return trade;
    this.facts.broken++;
    return { ...trade, p: 1e15 };
  }

  /** Mostly some ms ago; one in a hundred is late, by seconds or minutes; a few by hours. */
  #time(): number {
    const now = this.#options.startMs + Math.floor(this.#at);
    const skew = this.#during('skew')?.byMs ?? 0;
    const kind = this.#chance.next();
    if (kind < 0.99) return now + skew - Math.floor(this.#chance.next() * 40);
    this.facts.late++;
    const longest = kind < 0.9995 ? 90_000 : 3_600_000;
    return now + skew - 1000 - Math.floor(this.#squared() * longest);
  }

  /** More often small than large: the square of a number from 0 to 1. */
  #squared(): number {
    const part = this.#chance.next();
    return part * part;
  }

  #broken(): TapeEntry {
    this.facts.broken++;
    return { atMs: Math.floor(this.#at), key: null, content: { text: '{"type":"trade","data":[{"s":' } };
  }

  #during(kind: Incident['kind']): Incident | undefined {
    return this.facts.incidents.find((each) => each.kind === kind && isDuring(each, this.#at));
  }

  /** The gap messages of each absence, for each symbol when it begins and when it ends. */
  #edges(): Edge[] {
    const { startMs, feed, symbols } = this.#options;
    const entries = (atMs: number, span: { readonly from: number; readonly to?: number }) => ({
      atMs,
      entries: symbols.map((symbol) => {
        const { key, value } = gapMessage({ ...span, reason: 'simulated', feed }, symbol, startMs + atMs);
        return { atMs, key, content: { value } };
      }),
    });
    return this.facts.incidents
      .filter(({ kind }) => kind === 'away')
      .flatMap(({ fromMs, toMs }) => [
        entries(fromMs, { from: startMs + fromMs }),
        entries(toMs, { from: startMs + fromMs, to: startMs + toMs }),
      ]);
  }
}

interface Edge {
  readonly atMs: number;
  readonly entries: readonly TapeEntry[];
}

function isDuring({ fromMs, toMs }: Incident, atMs: number): boolean {
  return atMs >= fromMs && atMs < toMs;
}
