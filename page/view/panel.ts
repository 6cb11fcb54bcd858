import type { Decimals } from '../model/decimals.ts';
import type { Quote } from '../model/market.ts';

/** A chart of the chosen symbol, of one kind. */
export interface ChartPanel {
  /** Shows another symbol: what is in memory at once, stored data as soon as it has been read. */
  choose(symbol: string): void;
  /** Reads what is stored again: after the connection was away for a while. */
  reload(): void;
  /** Draws what has come of the chosen symbol. */
  take(quote: Quote): void;
  /** Names the chart for those who do not see it, with the last price. */
  describe(last: string | undefined): void;
  /** Takes the colours of the style sheet. */
  applyTheme(): void;
  /** Empties the container. */
  end(): void;
}

/** What every chart is given. */
export interface PanelContext {
  readonly container: HTMLElement;
  readonly decimals: Decimals;
  /** The server's clock, Unix ms. */
  readonly now: () => number;
  /** Says why nothing is drawn; `no trades` where none were made yet, undefined where something is. */
  readonly say: (text: string | undefined) => void;
}
