import { intervalMs } from './bars.ts';
import { type ApiText, type Route, urlOf } from './openapi.ts';

/** Where bars are to be had, as the document of the API says. */
export interface CandleRoute {
  readonly route: Route;
  /** The lengths that may be asked for: `1m`, `1h`, the shortest first. */
  readonly intervals: readonly string[];
  /** Bars that an answer has at most. */
  readonly most: number;
}

const path = '/api/v1/candles/{symbol}';
/** Bars that a chart begins with at most. */
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
