import { type ApiText, type Route, urlOf } from './openapi.ts';

/** The route that serves bars, as the OpenAPI document describes it. */
export interface CandleRoute {
  readonly route: Route;
  /** The intervals that the route offers, `1m`, `1h`, shortest first. */
  readonly intervals: readonly string[];
  /** Maximum number of bars per response. */
  readonly most: number;
}

/** The length of an interval such as `1m`, ms; undefined if the name is not an interval. */
export function intervalMs(name: string): number | undefined {
  const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(name) ?? [];
  const size = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[unit];
  return size === undefined ? undefined : Number(count) * size;
}

const path = '/api/v1/candles/{symbol}';
/** Maximum number of bars that a chart begins with. */
const wanted = 1000;

/** The route of the bars; undefined where the pipeline has none. */
export function candleRoute({ routes }: ApiText): CandleRoute | undefined {
  const route = routes.find((each) => each.method === 'GET' && each.path === path);
  const parameter = (name: string) => route?.parameters.find((each) => each.name === name);
  const interval = parameter('interval');
  const intervals = (interval?.values ?? [interval?.example ?? '']).filter((name) => intervalMs(name) !== undefined);
  if (!route || intervals.length === 0) return undefined;
  return {
    route,
    intervals: intervals.toSorted((a, b) => (intervalMs(a) ?? 0) - (intervalMs(b) ?? 0)),
    most: Math.min(wanted, parameter('limit')?.most ?? wanted),
  };
}

/** The URL of the newest bars of a symbol. */
export function barsUrl({ route }: CandleRoute, symbol: string, interval: string, limit: number): string {
  return urlOf(route, new Map(Object.entries({ symbol, interval, limit: String(limit) })));
}
