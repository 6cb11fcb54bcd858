import { type CandleRoute, candleRoute } from '../model/candle-route.ts';
import type { StoredBar, StoredSymbol, TradesPage } from '../model/contract.ts';
import { readApi } from '../model/openapi.ts';
import type { CalendarData } from '../model/sessions.ts';

/** An answer without data, or none at all. */
export class ApiError extends Error {
  /** The HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** What is stored, by symbol. @throws ApiError */
export async function fetchSymbols(): Promise<readonly StoredSymbol[]> {
  const { available } = await fetchData<{ readonly available: readonly StoredSymbol[] }>('/api/v1/symbols');
  return available;
}

/** The URL of the newest trades of a symbol. */
function tradesUrl(symbol: string, limit: number): string {
  return `/api/v1/trades/${encodeURIComponent(symbol)}?limit=${limit}`;
}

/** A trade that is dated so much later than now is nothing that was just made, ms. */
const futureMs = 60_000;

/** The newest trades of a symbol, and whether some dated in the future were left out: they would always come first. */
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

/** Bars of a symbol, newest first. @throws ApiError */
export async function fetchBars(url: string, signal: AbortSignal): Promise<readonly StoredBar[]> {
  return (await fetchData<{ readonly data: readonly StoredBar[] }>(url, signal)).data;
}

/** The route on which this API serves bars; undefined where its pipeline has none. Fails when the API does not answer. */
export async function fetchCandleRoute(): Promise<CandleRoute | undefined> {
  const response = await fetch('/openapi.json');
  return candleRoute(readApi(await response.json()));
}

/** A shipped calendar. Fails when there is none of this name. */
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
