/** One trade as Finnhub writes it: price, symbol, Unix ms, volume, condition codes. */
export interface Trade {
  readonly p: number;
  readonly s: string;
  readonly t: number;
  readonly v: number;
  readonly c?: readonly string[];
}
