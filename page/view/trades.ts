import type { StoredTrade } from '../model/contract.ts';
import type { Decimals } from '../model/decimals.ts';
import { price, timeOfDay } from '../model/format.ts';
import { ApiError, fetchNewest, fetchTrades, type NewestTrades } from './api.ts';
import { byId, html, setText, withCode } from './dom.ts';
import { every } from './time.ts';

const perPage = 15;
/** Interval at which the newest page is polled, ms. */
const refreshMs = 2000;
/** With more, prices are written smaller. */
const manyDecimals = 8;

/** The stored trades of the chosen symbol, by page. The newest page is polled; an older one does not change. */
export class TradesTable {
  readonly #body = byId('trades');
  readonly #empty = byId('trades-empty');
  readonly #older = byId('trades-older') as HTMLButtonElement;
  readonly #newest = byId('trades-newest') as HTMLButtonElement;
  #symbol: string | undefined;
  #page = 1;
  #next: string | null = null;
  #loading = new AbortController();
  #isLoading = false;
  #isFresh = false;

  readonly #decimals: Decimals;
  readonly #now: () => number;

  /** `now` is the server's clock, Unix ms. */
  constructor(decimals: Decimals, now: () => number) {
    this.#decimals = decimals;
    this.#now = now;
    this.#older.addEventListener('click', () => this.#goOlder());
    this.#newest.addEventListener('click', () => this.#goNewest());
    every(refreshMs, () => {
      if (this.#page === 1 && !this.#isLoading) this.refresh();
    });
    this.#showPosition();
  }

  choose(symbol: string): void {
    this.#symbol = symbol;
    setText(byId('trades-title'), `Trades of ${symbol}`);
    this.#goNewest();
  }

  /** Reloads the newest page, if it is shown. */
  refresh(): void {
    if (this.#page === 1) this.#goNewest();
  }

  #goNewest(): void {
    const symbol = this.#symbol;
    if (symbol === undefined) return;
    void this.#load((signal) => fetchNewest(symbol, { limit: perPage, now: this.#now(), signal }), 1);
  }

  #goOlder(): void {
    const next = this.#next;
    if (next !== null) void this.#load((signal) => fetchTrades(next, signal), this.#page + 1);
  }

  async #load(read: (signal: AbortSignal) => Promise<NewestTrades>, page: number): Promise<void> {
    this.#loading.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#isLoading = true;
    try {
      const answer = await read(loading.signal);
      if (!loading.signal.aborted) this.#show(answer, page);
    } catch (error) {
      if (loading.signal.aborted) return;
      this.#isFresh = false;
      this.#say(`${reasonOf(error)}. Is \`fdp --topology api\` running?`);
      this.#showPosition();
    } finally {
      if (this.#loading === loading) this.#isLoading = false;
    }
  }

  #show({ data, pagination, future }: NewestTrades, page: number): void {
    const symbol = this.#symbol ?? '';
    this.#page = page;
    this.#isFresh = true;
    this.#next = pagination.next;
    for (const trade of data) this.#decimals.see(symbol, Number(trade.price));
    const decimals = this.#decimals.of(symbol);
    this.#body.classList.toggle('long', decimals > manyDecimals);
    showRows(this.#body, data, { decimals, now: this.#now() });
    const frame = this.#body.closest('div');
    // What can be scrolled can be scrolled by keys as well.
    if (frame) frame.tabIndex = frame.scrollWidth > frame.clientWidth ? 0 : -1;
    this.#say(noteOf(symbol, data.length, future));
    this.#showPosition();
  }

  #showPosition(): void {
    setText(byId('trades-place'), this.#page > 1 ? `page ${this.#page}` : this.#isFresh ? 'live' : 'not live');
    // Not `disabled`: a button that has just been used keeps the focus.
    this.#older.setAttribute('aria-disabled', String(this.#next === null));
    this.#newest.setAttribute('aria-disabled', String(this.#page === 1));
  }

  #say(text: string | undefined): void {
    this.#empty.hidden = text === undefined;
    if (text !== undefined) withCode(this.#empty, text);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof ApiError ? `The trades could not be read: ${error.message}` : 'The trades could not be shown';
}

function noteOf(symbol: string, rows: number, future: string | undefined): string | undefined {
  if (future !== undefined) return `Trades with a date in the future, up to ${future.slice(0, 10)}, are not shown.`;
  if (rows > 0) return undefined;
  return `No trade of ${symbol} is stored yet: start \`fdp --topology processor\`.`;
}

function showRows(
  body: HTMLElement,
  trades: readonly StoredTrade[],
  { decimals, now }: { readonly decimals: number; readonly now: number },
): void {
  while (body.children.length > trades.length) body.lastElementChild?.remove();
  while (body.children.length < trades.length)
    body.append(html('tr', {}, html('td'), html('td', { class: 'number' }), html('td', { class: 'number' })));
  for (const [index, trade] of trades.entries()) {
    const cells = body.children[index]?.children;
    const time = timeOfDay(Date.parse(trade.timestamp), now);
    const texts = [time, price(Number(trade.price), decimals), trade.volume];
    for (const [column, text] of texts.entries()) if (cells?.[column]) setText(cells[column], text);
  }
}
