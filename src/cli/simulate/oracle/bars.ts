import type { Row } from '../../../kit/row.ts';
import { durationMs } from '../../../kit/units.ts';
import { exact, plainText, product } from './exact.ts';
import type { Piece } from './trades.ts';

interface Options {
  readonly every: readonly string[];
  readonly store?: readonly string[];
  readonly by: string;
  readonly price: string;
  readonly volume: string;
  readonly time: string;
  readonly received: string;
  readonly calendar: string;
  readonly session: string;
  readonly close_after: string;
  readonly lateness?: string;
}

/** Why the bars of these options can't be checked here; undefined when they can. */
export function whyNoBars(options: unknown): string | undefined {
  const { calendar, session, lateness } = options as Options;
  if (calendar !== 'always' || session !== 'all') return 'bars of a calendar are not checked';
  return lateness === undefined ? undefined : 'bars with a lateness are not checked';
}

/** The rows that `candles` makes of trades: all trades of a bar are sorted by time, and looked at together. */
export function barRows(pieces: readonly Piece[], given: unknown): readonly Row[] {
  const options = given as Options;
  const shortest = [...options.every].sort((one, other) => durationMs(one) - durationMs(other)).slice(0, 1);
  return (options.store ?? shortest).flatMap((interval) => {
    const lengthMs = durationMs(interval);
    const bars = new Map<string, Piece[]>();
    for (const piece of pieces) {
      const start = Math.floor(Number(piece.fields[options.time]) / lengthMs) * lengthMs;
      const key = `${String(piece.fields[options.by]).replaceAll(/[\\|]/g, '\\$&')}|${interval}|${start}`;
      const bar = bars.get(key);
      if (bar) bar.push(piece);
      else bars.set(key, [piece]);
    }
    return [...bars].map(([key, trades]) => rowOf(key, trades, { ...options, interval, lengthMs }));
  });
}

function rowOf(
  key: string,
  trades: readonly Piece[],
  options: Options & { readonly interval: string; readonly lengthMs: number },
): Row {
  const { by, price, volume, time, received, interval, lengthMs, close_after } = options;
  const timeOf = ({ fields }: Piece) => Number(fields[time]);
  // A stable sort: trades of the same time stay in the order of the log.
  const ordered = [...trades].sort((one, other) => timeOf(one) - timeOf(other));
  const [first, last] = [ordered[0] as Piece, ordered.at(-1) as Piece];
  const prices = ordered.map(({ fields }) => exact(fields[price]));
  const volumes = ordered.map(({ fields }) => exact(fields[volume]));
  const sum = (all: readonly bigint[]) => plainText(all.reduce((total, each) => total + each, 0n));
  const start = Math.floor(timeOf(first) / lengthMs) * lengthMs;
  const end = start + lengthMs + durationMs(close_after);
  return {
    ...{ key, symbol: first.fields[by], interval, start },
    open: plainText(exact(first.fields[price])),
    high: plainText(prices.reduce((highest, each) => (each > highest ? each : highest))),
    low: plainText(prices.reduce((lowest, each) => (each < lowest ? each : lowest))),
    close: plainText(exact(last.fields[price])),
    volume: sum(volumes),
    turnover: sum(prices.map((each, at) => product(each, volumes[at] ?? 0n))),
    counted_volume: sum(volumes),
    trades: trades.length,
    late_trades: trades.filter(({ fields }) => Number(fields[received]) > end).length,
    ...{ first_at: timeOf(first), last_at: timeOf(last) },
  };
}
