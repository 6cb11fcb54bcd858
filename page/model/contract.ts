import type { ReplayState } from '../../src/kit/replay.ts';
import type { StatusReport } from '../../src/kit/snapshot.ts';

/** What changed since the previous snapshot, or everything if `full`: the event `prices` of `/api/v1/stream`. */
export interface PricesEvent {
  /** The server's wall clock, Unix ms. */
  readonly at: number;
  /** True for the first event of a connection. */
  readonly full: boolean;
  readonly symbols: readonly PriceLine[];
}

export interface PriceLine {
  readonly symbol: string;
  readonly price: number;
  /** Null while no volume was traded. */
  readonly vwap: number | null;
  /** When the trade was made, ISO 8601. */
  readonly time: string;
  /** Trades since the previous snapshot. */
  readonly trades: number;
  /** The highest and lowest price of those trades. */
  readonly high?: number;
  readonly low?: number;
}

/** All running processes, once a second: the event `status`. */
export interface StatusEvent {
  /** The server's wall clock, Unix ms. */
  readonly at: number;
  readonly processes: readonly StatusReport[];
  /** Why figures are missing; one line. */
  readonly error?: string;
  /** Of a process that plays a tape in the place of its log. */
  readonly replay?: ReplayState;
}

/** A stored trade, as `/api/v1/trades/{symbol}` returns it: prices are text, so that no digit is lost. */
export interface StoredTrade {
  readonly timestamp: string;
  readonly price: string;
  readonly volume: string;
}

export interface TradesPage {
  readonly data: readonly StoredTrade[];
  readonly pagination: {
    /** The relative URL of the page with older trades; null on the last one. */
    readonly next: string | null;
  };
}

/** A symbol and its stored trades, as `/api/v1/symbols` returns it. */
export interface StoredSymbol {
  readonly symbol: string;
  readonly trade_count: number;
  readonly last_trade_at: string | null;
}
