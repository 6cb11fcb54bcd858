import { type Bar, readBars } from '../../src/kit/bar.ts';
import { type CandleRoute, candleRoute } from '../model/candle-route.ts';
import type { StoredSymbol, TradesPage } from '../model/contract.ts';
import { readApi } from '../model/openapi.ts';
import type { CalendarData } from '../model/sessions.ts';

/** An error response, or no response at all. */
export class ApiError extends Error {
  /** The HTTP status; 0 without a response. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** All stored symbols. @throws ApiError */
export async function fetchSymbols(): Promise<readonly StoredSymbol[]> {
  const { available } = await fetchData<{ readonly available: readonly StoredSymbol[] }>('/api/v1/symbols');
  return available;
}

/** The URL of the newest trades of a symbol. */
function tradesUrl(symbol: string, limit: number): string {
  return `/api/v1/trades/${encodeURIComponent(symbol)}?limit=${limit}`;
}

/** Trades dated more than this after now are in the future, ms. */
const futureMs = 60_000;

/** The newest trades. `future` is set if trades dated in the future were left out: they would always come first. */
export interface NewestTrades extends TradesPage {
  readonly future?: string;
}

/** The newest trades up to `now` (Unix ms, of the server's clock), newest first. @throws ApiError */
export async function fetchNewest(
  symbol: string,
  { limit, now, signal }: { readonly limit: number; readonly now: number; readonly signal: AbortSignal },
): Promise<NewestTrades> {
  const url = tradesUrl(symbol, limit);
  const page = await fetchTrades(url, signal);
  const [newest] = page.data;
  if (!newest || !(Date.parse(newest.timestamp) > now + futureMs)) return page;
  return { ...(await fetchTrades(`${url}&before=${Math.ceil(now + futureMs)}`, signal)), future: newest.timestamp };
}

/** A page of trades, newest first. @throws ApiError */
export async function fetchTrades(url: string, signal?: AbortSignal): Promise<TradesPage> {
  return fetchData<TradesPage>(url, signal);
}

/** Bars of a symbol, for a request at `askedAt` (Unix ms), oldest first. @throws ApiError */
export async function fetchBars(url: string, askedAt: number, signal: AbortSignal): Promise<readonly Bar[]> {
  const bars = readBars((await fetchData<{ readonly data: unknown }>(url, signal)).data, askedAt);
  if (!bars) throw new ApiError(0, 'the API answers with something else than bars');
  return bars;
}

/** The route on which this API serves bars; undefined if its pipeline has none. Fails when the API does not respond. */
export async function fetchCandleRoute(): Promise<CandleRoute | undefined> {
  const response = await fetch('/openapi.json');
  return candleRoute(readApi(await response.json()));
}

/** A shipped calendar. Fails if there is none of this name. */
export async function fetchCalendar(name: string): Promise<CalendarData> {
  return (await fetch(`/calendars/${name}.json`)).json();
}

async function fetchData<T>(url: string, signal?: AbortSignal): Promise<T> {
  let response: Response;
  let body: { readonly data: T | null; readonly error: string | null } | undefined;
  try {
    response = await fetch(url, signal ? { signal } : {});
    body = await response.json();
  } catch (cause) {
    if (signal?.aborted) throw cause;
    throw new ApiError(0, 'the API does not respond');
  }
  if (!response.ok || !body?.data) throw new ApiError(response.status, body?.error ?? `HTTP ${response.status}`);
  return body.data;
}
