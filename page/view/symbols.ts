import type { StoredSymbol } from '../model/contract.ts';
import type { Decimals } from '../model/decimals.ts';
import { compact, grouped, price, rateFigure, toVwap, unknown } from '../model/format.ts';
import { distance, type Quotes, rateAt, type SymbolLine, symbolLines } from '../model/market.ts';
import { matching, searchFrom } from '../model/search.ts';
import { byId, html, setAttribute, setText, withCode } from './dom.ts';
import { every } from './time.ts';

interface Row {
  readonly root: HTMLTableRowElement;
  readonly button: HTMLButtonElement;
  readonly cells: readonly HTMLElement[];
}

/** Shown while there are no symbols. */
export const noTrades =
  'No trades yet: `fdp` runs the whole platform. To run each topology in a process of its own, start `fdp --topology ingestor` and `fdp --topology analytics`.';

const noPrices = 'No live prices: start `fdp --topology analytics`.';

/** Maximum number of symbols in the list; the API has all of them. */
const mostRows = 500;
/** Maximum number of columns that are left out: name and price always stay. */
const mostLeftOut = 3;
/** Interval at which the page checks whether the columns fit, ms. */
const measureMs = 1000;

interface Shown {
  readonly chosen: string | undefined;
  /** The server's clock, Unix ms; undefined while there is no connection. */
  readonly at: number | undefined;
  /** Why no prices arrive. */
  readonly problem: string | undefined;
}

/** The list of symbols. The row of a symbol is reused while it is listed, so that the focus is kept. */
export class SymbolList {
  readonly #rows = new Map<string, Row>();
  readonly #body = byId('symbols');
  readonly #empty = byId('symbols-empty');
  readonly #frame = byId('symbols-frame');
  readonly #search = byId('search') as HTMLInputElement;
  #leftOut = 0;
  #redraw = () => {};
  readonly #choose: (symbol: string) => void;
  readonly #decimals: Decimals;

  /** `choose` is called with the symbol that the user selects. */
  constructor(decimals: Decimals, choose: (symbol: string) => void) {
    this.#decimals = decimals;
    this.#choose = choose;
    new ResizeObserver(() => this.#leaveOut(0)).observe(this.#frame);
    // Measuring forces a layout, so it is not done for every price.
    every(measureMs, () => this.#leaveOut(this.#leftOut));
    this.#listen();
  }

  show(stored: readonly StoredSymbol[], quotes: Quotes, { chosen, at, problem }: Shown): void {
    this.#redraw = () => this.show(stored, quotes, { chosen, at, problem });
    const all = symbolLines(stored, quotes);
    this.#search.hidden = all.length < searchFrom;
    const found = this.#search.hidden ? all : matching(all, this.#search.value);
    const lines = found.slice(0, mostRows);
    setText(byId('symbols-count'), all.length < searchFrom ? '' : countText(found.length, lines.length, all.length));
    const missing = all.length === 0 ? noTrades : quotes.size === 0 && at !== undefined ? noPrices : undefined;
    const text = missing === undefined || problem === undefined ? missing : `No live prices: ${problem}`;
    this.#empty.hidden = text === undefined;
    if (text !== undefined) withCode(this.#empty, text);
    const names = new Set(lines.map(({ symbol }) => symbol));
    for (const [symbol, { root }] of this.#rows) {
      if (names.has(symbol)) continue;
      root.remove();
      this.#rows.delete(symbol);
    }
    const before = this.#rows.size;
    for (const [index, line] of lines.entries()) {
      const row = this.#rows.get(line.symbol) ?? this.#add(line.symbol);
      if (this.#body.children[index] !== row.root)
        this.#body.insertBefore(row.root, this.#body.children[index] ?? null);
      fill(row, line, { at, decimals: this.#decimals.of(line.symbol) });
      const isChosen = line.symbol === chosen;
      setAttribute(row.button, 'aria-pressed', isChosen ? 'true' : 'false');
      setAttribute(row.root, 'data-chosen', isChosen);
    }
    if (this.#rows.size > before) this.#leaveOut(this.#leftOut);
  }

  /** Typing searches, Enter chooses the first, Escape shows all; arrow keys move between rows; `/` starts a search. */
  #listen(): void {
    this.#search.addEventListener('input', () => this.#redraw());
    this.#search.addEventListener('keydown', ({ key }) => {
      if (key === 'Enter') this.#buttons()[0]?.click();
      if (key !== 'Escape') return;
      this.#search.value = '';
      this.#redraw();
    });
    byId('symbols-card').addEventListener('keydown', (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (step === undefined) return;
      const buttons = this.#buttons();
      const next = buttons.indexOf(event.target as HTMLButtonElement) + step;
      event.preventDefault();
      (next < 0 && !this.#search.hidden ? this.#search : buttons[Math.max(0, next)])?.focus();
    });
    document.addEventListener('keydown', (event) => {
      const isTyped = event.target instanceof HTMLInputElement || event.ctrlKey || event.metaKey || event.altKey;
      if (event.key !== '/' || isTyped || this.#search.hidden) return;
      event.preventDefault();
      this.#search.focus();
    });
  }

  #buttons(): HTMLButtonElement[] {
    return [...this.#body.querySelectorAll('button')];
  }

  /** Leaves out columns until the rest fit. */
  #leaveOut(columns: number): void {
    this.#leftOut = columns;
    setAttribute(this.#frame, 'data-left-out', columns);
    if (columns < mostLeftOut && this.#frame.scrollWidth > this.#frame.clientWidth) this.#leaveOut(columns + 1);
  }

  #add(symbol: string): Row {
    const button = html('button', { type: 'button', class: 'symbol' }, ...breakable(symbol));
    const cells = [0, 1, 2, 3].map(() => html('td', { class: 'number' }));
    const root = html('tr', {}, html('th', { scope: 'row' }, button), ...cells);
    root.addEventListener('click', () => this.#choose(symbol));
    const row = { root, button, cells };
    this.#rows.set(symbol, row);
    return row;
  }
}

/** The number of symbols shown, of all symbols. */
function countText(found: number, shown: number, all: number): string {
  if (found === 0) return 'none found';
  return shown < all ? `${grouped(shown)} of ${grouped(all)}` : grouped(all);
}

/** A name that may be wrapped after each of its parts: `BINANCE:` and `BTCUSDT`. */
function breakable(name: string): readonly (Node | string)[] {
  return name.split(/(?<=[:/_.-])/).flatMap((part, index) => (index > 0 ? [html('wbr'), part] : [part]));
}

const arrows = { '1': '▲', '-1': '▼', '0': ' ' } as const;
const ways = { '1': 'up', '-1': 'down', '0': undefined } as const;

/** The price with an arrow that shows its direction. */
export function showPrice(cell: HTMLElement, quote: SymbolLine['quote'], decimals: number): void {
  const direction = quote?.direction ?? 0;
  if (cell.children.length === 0) cell.append(html('span', { class: 'way' }), ' ', html('span'));
  const [way, value] = cell.children;
  if (!way || !value) return;
  setAttribute(way, 'data-way', ways[direction]);
  setText(way, arrows[direction]);
  setText(value, quote ? price(quote.price, decimals) : unknown);
}

function fill(
  { cells }: Row,
  { quote, stored }: SymbolLine,
  { at, decimals }: { readonly at: number | undefined; readonly decimals: number },
): void {
  const [last, toVwapCell, rate, count] = cells;
  if (!last || !toVwapCell || !rate || !count) return;
  showPrice(last, quote, decimals);
  setText(toVwapCell, toVwap(quote && distance(quote)));
  setText(rate, rateFigure(quote && rateAt(quote, at)));
  setText(count, stored ? compact(stored.trade_count) : unknown);
}
