import type { OperatorPlan } from '../../../engine/plan.ts';
import type { Row } from '../../../kit/row.ts';
import { exact, product, ratio } from './exact.ts';
import type { Piece } from './trades.ts';

interface Options {
  readonly window: unknown;
  readonly by: string;
  readonly price: string;
  readonly volume: string;
  readonly as: string;
}

/** What one line of a `map` takes from the trade: a field, or a field as a text of its time. */
type Taken = { readonly field: string; readonly isTime: boolean };

/** How lines are made of trades, if it is known here. */
export interface VwapLines {
  readonly by: string;
  lines(pieces: readonly Piece[]): readonly Row[];
}

/** `vwap` over a number of trades, and perhaps a `map` that names fields; undefined for all else. */
export function vwapLines([vwap, map, ...more]: readonly OperatorPlan[]): VwapLines | undefined {
  const options = vwap?.options as Options;
  if (vwap?.declaration.type !== 'vwap' || typeof options.window !== 'number' || more.length > 0) return undefined;
  const taken = map ? takenOf(map) : {};
  const symbol = taken && (map ? nameOf(taken, options.by) : options.by);
  if (!taken || symbol === undefined) return undefined;
  const lines = (pieces: readonly Piece[]) =>
    withVwap(pieces, options).map((fields) => (map ? mapped(fields, taken) : fields));
  return { by: symbol, lines };
}

function takenOf({ declaration, options }: OperatorPlan): Readonly<Record<string, Taken>> | undefined {
  if (declaration.type !== 'map') return undefined;
  const taken = Object.entries(options as Readonly<Record<string, string>>).map(([name, expression]) => {
    const [, time, field] = /^(?:iso\((\w+)\)|(\w+))$/.exec(expression) ?? [];
    return [name, { field: time ?? field ?? '', isTime: time !== undefined }] as const;
  });
  return taken.every(([, { field }]) => field !== '') ? Object.fromEntries(taken) : undefined;
}

function nameOf(taken: Readonly<Record<string, Taken>>, field: string): string | undefined {
  return Object.entries(taken).find(([, from]) => from.field === field)?.[0];
}

function mapped(fields: Row, taken: Readonly<Record<string, Taken>>): Row {
  const line = Object.entries(taken).map(([name, { field, isTime }]) => {
    const value = fields[field];
    return [name, isTime ? new Date(Number(value)).toISOString() : value];
  });
  return Object.fromEntries(line);
}

/** Each trade with the average of the last ones of its symbol: the sums are exact, so that nothing is lost by taking the oldest away. */
function withVwap(pieces: readonly Piece[], { window, by, price, volume, as }: Options): readonly Row[] {
  const last = new Map<unknown, Window>();
  return pieces.map(({ fields }) => {
    const own = last.get(fields[by]) ?? { trades: [], paid: 0n, traded: 0n };
    last.set(fields[by], own);
    const traded = exact(fields[volume]);
    const paid = product(exact(fields[price]), traded);
    own.trades.push([paid, traded]);
    const [oldPaid, oldTraded] = (own.trades.length > Number(window) && own.trades.shift()) || [0n, 0n];
    own.paid += paid - oldPaid;
    own.traded += traded - oldTraded;
    return { ...fields, [as]: own.traded === 0n ? null : ratio(own.paid, own.traded) };
  });
}

interface Window {
  readonly trades: (readonly [paid: bigint, traded: bigint])[];
  paid: bigint;
  traded: bigint;
}
