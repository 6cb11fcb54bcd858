import type { OperatorPlan } from '../../../engine/plan.ts';
import { type Row, withField } from '../../../kit/row.ts';
import { exact, product, ratio } from './exact.ts';
import type { Piece } from './trades.ts';

interface Options {
  readonly window: unknown;
  readonly by: string;
  readonly price: string;
  readonly volume: string;
  readonly as: string;
}

/** What the lines of a `map` take from the trade: a field, or a field as a text of its time. */
type Taken = readonly (readonly [name: string, from: { readonly field: string; readonly isTime: boolean }])[];

/** How lines are made of trades, if it is known here. */
export interface VwapLines {
  readonly by: string;
  /** The line of the next trade. */
  next(piece: Piece): Row;
}

/** `vwap` over a number of trades, and perhaps a `map` that names fields; undefined for all else. */
export function vwapLines([vwap, map, ...more]: readonly OperatorPlan[]): VwapLines | undefined {
  const options = vwap?.options as Options;
  if (vwap?.declaration.type !== 'vwap' || typeof options.window !== 'number' || more.length > 0) return undefined;
  const taken = map ? takenOf(map) : [];
  const symbol = taken && (map ? nameOf(taken, options.by) : options.by);
  if (!taken || symbol === undefined) return undefined;
  const withVwap = averaged(options);
  return { by: symbol, next: (piece) => (map ? mapped(withVwap(piece), taken) : withVwap(piece)) };
}

function takenOf({ declaration, options }: OperatorPlan): Taken | undefined {
  if (declaration.type !== 'map') return undefined;
  const taken = Object.entries(options as Readonly<Record<string, string>>).map(([name, expression]) => {
    const [, time, field] = /^(?:iso\((\w+)\)|(\w+))$/.exec(expression) ?? [];
    return [name, { field: time ?? field ?? '', isTime: time !== undefined }] as const;
  });
  return taken.every(([, { field }]) => field !== '') ? taken : undefined;
}

function nameOf(taken: Taken, field: string): string | undefined {
  return taken.find(([, from]) => from.field === field)?.[0];
}

function mapped(fields: Row, taken: Taken): Row {
  const line: Record<string, unknown> = {};
  for (const [name, { field, isTime }] of taken) {
    const value = fields[field];
    line[name] = isTime ? new Date(Number(value)).toISOString() : value;
  }
  return line;
}

/** Each trade with the average of the last ones of its symbol: the sums are exact, so that nothing is lost by taking the oldest away. */
function averaged({ window, by, price, volume, as }: Options): (piece: Piece) => Row {
  const last = new Map<unknown, Window>();
  return ({ fields }) => {
    const own = last.get(fields[by]) ?? { trades: [], paid: 0n, traded: 0n };
    last.set(fields[by], own);
    const traded = exact(fields[volume]);
    const paid = product(exact(fields[price]), traded);
    own.trades.push([paid, traded]);
    const [oldPaid, oldTraded] = (own.trades.length > Number(window) && own.trades.shift()) || [0n, 0n];
    own.paid += paid - oldPaid;
    own.traded += traded - oldTraded;
    return withField(fields, as, own.traded === 0n ? null : ratio(own.paid, own.traded));
  };
}

interface Window {
  readonly trades: (readonly [paid: bigint, traded: bigint])[];
  paid: bigint;
  traded: bigint;
}
