import type { Clock } from '../../src/kit/clock.ts';
import { foreignText } from '../../src/kit/text.ts';
import { isAboutLimit } from './frames.ts';

/** The connection that symbols are subscribed on. */
interface Line {
  readonly over: AbortSignal;
  send(value: object): void;
}

interface SubscriptionsParts {
  readonly clock: Clock;
  readonly symbols: readonly string[];
  /** Which symbols the server does not give has changed. */
  changed(): void;
  /** A symbol that counted as served since then, Unix ms, is not. */
  refused(symbol: string, why: string, since: number): void;
  /** A symbol that was not served is. */
  served(symbol: string): void;
}

const everyMs = 100;
/** Refused symbols are subscribed again after this, ms. */
const againMs = 900_000;
const mostNamed = 5;
const shownReason = 80;

/**
 * Which symbols the server serves. They are requested one after the other, ten a second, after every connection; those that
 * it refused, or that exceed the plan, again every quarter of an hour: a symbol may be listed later, a plan may be extended.
 * Finnhub confirms nothing: a symbol that is not refused counts as served.
 */
export class Subscriptions {
  readonly #parts: SubscriptionsParts;
  /** Why the server does not serve a symbol. */
  readonly #refused = new Map<string, string>();
  readonly #leftOut = new Set<string>();
  /** Symbols of which no trade has come since they count as served, and since when, Unix ms. */
  readonly #unproven = new Map<string, number>();
  /** Whether all symbols were requested on this connection. */
  #isSettled = false;
  /** In order: symbols that were requested and may still be refused, then those that are to be requested. */
  #asked: string[] = [];
  #toAsk: string[] = [];

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts;
  }

  /** Subscribes all symbols; resolves when each was requested or left out, or the connection has ended. */
  async ask(line: Line): Promise<void> {
    this.#isSettled = false;
    this.#unproven.clear();
    this.#refused.clear();
    this.#leftOut.clear();
    await this.#askFor(this.#parts.symbols, line);
  }

  /** All were requested: those that were not refused count as served from now on. Returns the others. */
  settle(): readonly string[] {
    const { clock, symbols } = this.#parts;
    this.#isSettled = true;
    for (const symbol of symbols) if (!this.#isMissing(symbol)) this.#unproven.set(symbol, clock.now());
    return symbols.filter((symbol) => this.#isMissing(symbol));
  }

  /** Subscribes missing symbols again from time to time, until the connection has ended. */
  async keepAsking(line: Line): Promise<void> {
    while (!line.over.aborted) {
      await this.#parts.clock.sleep(againMs, line.over);
      const missing = [...this.#refused.keys(), ...this.#leftOut];
      if (line.over.aborted || missing.length === 0) continue;
      this.#refused.clear();
      this.#leftOut.clear();
      await this.#askFor(missing, line);
      if (line.over.aborted) return;
      for (const symbol of missing) if (!this.#isMissing(symbol)) this.#serves(symbol);
    }
  }

  /** The server sent this in an error frame: it may be about one of our symbols, or about their number. */
  heard(text: string): void {
    const symbol = this.#parts.symbols.find((each) => names(text, each));
    if (symbol !== undefined) {
      this.#refused.set(symbol, foreignText(text, shownReason));
      this.#loses(symbol, text);
    } else if (isAboutLimit(text)) this.#full();
    else return;
    this.#parts.changed();
  }

  /** A symbol with trades is subscribed, even if an error frame named it before. */
  traded(data: unknown): void {
    const isAllKnown = this.#refused.size === 0 && this.#leftOut.size === 0 && this.#unproven.size === 0;
    if (isAllKnown || !Array.isArray(data)) return;
    let isNews = false;
    for (const trade of data) {
      const symbol = (trade as { readonly s?: unknown } | null)?.s;
      if (typeof symbol !== 'string') continue;
      this.#unproven.delete(symbol);
      if (!this.#refused.delete(symbol) && !this.#leftOut.delete(symbol)) continue;
      isNews = true;
      this.#parts.served(symbol);
    }
    if (isNews) this.#parts.changed();
  }

  /** Which symbols are missing and why, on one line; undefined if none is. */
  get missing(): string | undefined {
    const refused = [...this.#refused].map(([symbol, text]) => `${symbol} (${text})`);
    const parts = [
      ...(refused.length > 0 ? [`refused: ${listed(refused)}`] : []),
      ...(this.#leftOut.size > 0 ? [`left out, too many symbols: ${listed([...this.#leftOut])}`] : []),
    ];
    return parts.length > 0 ? parts.join('; ') : undefined;
  }

  async #askFor(symbols: readonly string[], line: Line): Promise<void> {
    this.#asked = [];
    this.#toAsk = [...symbols];
    for (let symbol = this.#toAsk.shift(); symbol !== undefined; symbol = this.#toAsk.shift()) {
      this.#asked.push(symbol);
      line.send({ type: 'subscribe', symbol });
      await this.#parts.clock.sleep(everyMs, line.over);
      if (line.over.aborted) return;
    }
    this.#parts.changed();
  }

  /** One symbol too many: most likely the last that was requested. No more are requested. */
  #full(): void {
    const last = this.#asked.pop();
    for (const symbol of [...(last === undefined ? [] : [last]), ...this.#toAsk]) {
      this.#leftOut.add(symbol);
      this.#loses(symbol, 'too many symbols');
    }
    this.#toAsk = [];
  }

  #isMissing(symbol: string): boolean {
    return this.#refused.has(symbol) || this.#leftOut.has(symbol);
  }

  #serves(symbol: string): void {
    const { clock, served } = this.#parts;
    this.#unproven.set(symbol, clock.now());
    served(symbol);
  }

  /** Before all are requested, what is refused is part of what `settle` returns. */
  #loses(symbol: string, why: string): void {
    const { clock, refused } = this.#parts;
    const since = this.#unproven.get(symbol);
    this.#unproven.delete(symbol);
    if (this.#isSettled) refused(symbol, `not subscribed to: ${foreignText(why, shownReason)}`, since ?? clock.now());
  }
}

/** True if the text contains the symbol as a separate word. */
function names(text: string, symbol: string): boolean {
  for (let at = text.indexOf(symbol); at >= 0; at = text.indexOf(symbol, at + 1)) {
    const around = [text[at - 1], text[at + symbol.length]];
    if (around.every((character) => character === undefined || /[\s"'`,.;:()[\]]/.test(character))) return true;
  }
  return false;
}

function listed(texts: readonly string[]): string {
  const more = texts.length - mostNamed;
  return more > 0 ? `${texts.slice(0, mostNamed).join(', ')} and ${more} more` : texts.join(', ');
}
