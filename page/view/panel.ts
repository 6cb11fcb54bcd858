import type { Decimals } from '../model/decimals.ts';
import type { Quote } from '../model/market.ts';

/** A chart of the chosen symbol. */
export interface ChartPanel {
  /** Shows another symbol: what is in memory at once, stored data once it is loaded. */
  choose(symbol: string): void;
  /** Reloads stored data after a lost connection. */
  reload(): void;
  /** Draws the latest trades of the chosen symbol. */
  take(quote: Quote): void;
  /** Sets the chart's label for screen readers, with the last price. */
  describe(last: string | undefined): void;
  /** Applies the colours of the style sheet. */
  applyTheme(): void;
  /** Empties the container. */
  end(): void;
}

/** The context of a chart. */
export interface PanelContext {
  readonly container: HTMLElement;
  readonly decimals: Decimals;
  /** The server's clock, Unix ms. */
  readonly now: () => number;
  /** Shows why nothing is drawn: `no trades` if there are none yet; undefined hides the text. */
  readonly say: (text: string | undefined) => void;
}
