import type { StoredTrade, TradesPage } from '../model/contract.ts';
import { price, timeOfDay } from '../model/format.ts';
import { ApiError, fetchTrades, tradesUrl } from './api.ts';
import { byId, html, setText, withCode } from './dom.ts';
import { every } from './time.ts';

const perPage = 15;
/** Time between two looks at the newest page, ms. */
const refreshMs = 2000;

/** The stored trades of the chosen symbol, by page. The newest page follows what comes; an older one stays as it is. */
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

  constructor() {
    this.#older.addEventListener('click', () => this.#goOlder());
    this.#newest.addEventListener('click', () => this.#goNewest());
    every(refreshMs, () => {
      if (this.#page === 1 && !this.#isLoading) this.refresh();
    });
    this.#showPlace();
  }

  choose(symbol: string): void {
    this.#symbol = symbol;
    setText(byId('trades-title'), `Trades of ${symbol}`);
    this.#goNewest();
  }

  /** Reads the newest page again, where it is shown. */
  refresh(): void {
    if (this.#symbol !== undefined && this.#page === 1) void this.#load(tradesUrl(this.#symbol, perPage), 1);
  }

  #goNewest(): void {
    if (this.#symbol !== undefined) void this.#load(tradesUrl(this.#symbol, perPage), 1);
  }

  #goOlder(): void {
    if (this.#next !== null) void this.#load(this.#next, this.#page + 1);
  }

  async #load(url: string, page: number): Promise<void> {
    this.#loading.abort();
    const loading = new AbortController();
    this.#loading = loading;
    this.#isLoading = true;
    try {
      const answer = await fetchTrades(url, loading.signal);
      if (!loading.signal.aborted) this.#show(answer, page);
    } catch (error) {
      if (!loading.signal.aborted) this.#say(`${reasonOf(error)}. Is \`fdp-run --topology api\` running?`);
    } finally {
      if (this.#loading === loading) this.#isLoading = false;
    }
  }

  #show({ data, pagination }: TradesPage, page: number): void {
    this.#page = page;
    this.#next = pagination.next;
    showRows(this.#body, data);
    this.#say(
      data.length > 0
        ? undefined
        : `No trade of ${this.#symbol} is stored yet: the topology that stores them is \`fdp-run --topology processor\`.`,
    );
    this.#showPlace();
  }

  #showPlace(): void {
    setText(byId('trades-place'), this.#page === 1 ? 'live' : `page ${this.#page}`);
    // Not `disabled`: a button that is just used keeps the focus.
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

function showRows(body: HTMLElement, trades: readonly StoredTrade[]): void {
  while (body.children.length > trades.length) body.lastElementChild?.remove();
  while (body.children.length < trades.length)
    body.append(html('tr', {}, html('td'), html('td', { class: 'number' }), html('td', { class: 'number' })));
  for (const [place, trade] of trades.entries()) {
    const cells = body.children[place]?.children;
    const texts = [timeOfDay(Date.parse(trade.timestamp)), price(Number(trade.price)), trade.volume];
    for (const [column, text] of texts.entries()) if (cells?.[column]) setText(cells[column], text);
  }
}
