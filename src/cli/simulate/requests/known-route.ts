import { compileExpression } from '../../../../operators/support/expression.ts';
import type { ParameterRule } from '../../../../operators/support/parameters.ts';
import type { OperatorPlan, RoutePlan } from '../../../engine/plan.ts';
import { FdpError } from '../../../errors.ts';
import { type SortField, sortField } from '../../../kit/lookup.ts';
import type { Row } from '../../../kit/row.ts';
import { unknownHere } from '../oracle/judgement.ts';

/** A value of a condition: one of the pipeline, or that of a parameter. */
export type Operand = { readonly constant: unknown } | { readonly parameter: string };

export interface Bounds {
  readonly field: string;
  readonly from: Operand | undefined;
  readonly to: Operand | undefined;
}

/** What a `find` reads. */
export interface FindRead {
  readonly kind: 'find';
  readonly table: string;
  readonly where: readonly (readonly [field: string, value: Operand])[];
  readonly ranges: readonly Bounds[];
  readonly sort: readonly SortField[];
  readonly limit: number | undefined;
  readonly isPaged: boolean;
  /** Of a stream: more rows than that are refused. */
  readonly atMost: number | undefined;
}

/** What `bars` reads. */
export interface BarsRead {
  readonly kind: 'bars';
  readonly table: string;
  readonly gaps: string | undefined;
  readonly every: readonly string[];
  readonly store: readonly string[] | undefined;
  readonly calendar: string;
  readonly isStream: boolean;
}

export interface Replies {
  readonly as: string;
  readonly one: boolean;
  readonly isFile: boolean;
  readonly hasPages: boolean;
}

/** A route as its declaration says: what may be asked, what is read, and what is shown of it. */
export interface KnownRoute {
  /** `GET /api/v1/trades/{symbol}` */
  readonly route: string;
  readonly rules: Readonly<Record<string, ParameterRule>>;
  readonly read: FindRead | BarsRead;
  /** How long a query may take, as it is written. */
  readonly timeout: string;
  /** What `map` and `filter` make of a row; undefined: nothing. @throws FDP_MESSAGE_INVALID */
  shown(row: Row): Row | undefined;
  readonly replies: Replies;
}

/** A route of `params`, one `find` or `bars`, `map` and `filter`, and `reply`; of any other why nothing is known of it. */
export function knownRoute({ route, operators }: RoutePlan): KnownRoute | string {
  const types = operators.map(({ declaration }) => declaration.type);
  const form = types.join(' ');
  if (!/^(params )*(find|bars) ((map|filter) )*reply$/.test(form)) return unknownHere(operators);
  const named = (type: string) => operators.filter(({ declaration }) => declaration.type === type);
  const rules = Object.assign({}, ...named('params').map(({ options }) => options)) as KnownRoute['rules'];
  const [reader] = [...named('find'), ...named('bars')];
  const [reply] = named('reply');
  const read = reader && (reader.declaration.type === 'find' ? findRead(reader.options) : barsRead(reader.options));
  const shown = shownBy(operators.filter(({ declaration }) => ['map', 'filter'].includes(declaration.type)));
  if (!reply || !reader || !read) return unknownHere(operators);
  if (typeof read === 'string') return read;
  if (typeof shown === 'string') return shown;
  const { as = '', one, file, pagination } = reply.options as ReplyOptions;
  const replies = { as, one, isFile: file !== undefined, hasPages: pagination };
  const { timeout } = reader.options as { readonly timeout: string };
  return { route, rules: { ...pathRules(route), ...rules }, read, timeout, shown, replies };
}

interface ReplyOptions {
  readonly as?: string;
  readonly one: boolean;
  readonly file?: string;
  readonly pagination: boolean;
}

interface FindOptions {
  readonly in: string;
  readonly where: Readonly<Record<string, unknown>>;
  readonly sort: readonly string[];
  readonly limit?: number;
  readonly page?: object;
  readonly stream?: { readonly at_most: number };
}

function findRead(options: unknown): FindRead | string {
  const { in: table, where, sort, limit, page, stream } = options as FindOptions;
  const texts = Object.values(where).flatMap((value) =>
    typeof value === 'object' ? Object.values(value ?? {}) : [value],
  );
  const mixed = texts.find((text) => typeof text === 'string' && text.includes('{') && !/^\{\w+\}$/.test(text));
  if (mixed !== undefined) return `nothing is known here of "${mixed}"`;
  const ranges = Object.entries(where).flatMap(([field, value]) => {
    if (typeof value !== 'object' || value === null) return [];
    const { from, to } = value as { readonly from?: unknown; readonly to?: unknown };
    return [{ field, from: operand(from), to: operand(to) }];
  });
  return {
    ...{ kind: 'find', table, ranges, sort: sort.map(sortField), limit },
    where: Object.entries(where).flatMap(([field, value]) => {
      const own = typeof value === 'object' ? undefined : operand(value);
      return own ? [[field, own] as const] : [];
    }),
    ...{ isPaged: page !== undefined, atMost: stream?.at_most },
  };
}

function operand(value: unknown): Operand | undefined {
  if (value === undefined) return undefined;
  const name = typeof value === 'string' ? /^\{(\w+)\}$/.exec(value)?.[1] : undefined;
  return name === undefined ? { constant: value } : { parameter: name };
}

interface BarsOptions extends Omit<BarsRead, 'kind' | 'table' | 'isStream'> {
  readonly in: string;
  readonly stream: boolean;
}

function barsRead(options: unknown): BarsRead {
  const { in: table, gaps, every, store, calendar, stream } = options as BarsOptions;
  return { kind: 'bars', table, gaps, every, store, calendar, isStream: stream };
}

/** Parameters of the path, which are texts unless `params` says more. */
function pathRules(route: string): KnownRoute['rules'] {
  return Object.fromEntries(pathNames(route).map((name) => [name, { type: 'string' } as const]));
}

/** The parameters in the path of a route. */
export function pathNames(route: string): readonly string[] {
  return [...route.matchAll(/\{(\w+)\}/g)].map(([, name]) => String(name));
}

/** Conditions and fields are evaluated as operators do it: CEL is what they share with what is expected of them. */
function shownBy(operators: readonly OperatorPlan[]): KnownRoute['shown'] | string {
  try {
    const steps = operators.map(({ declaration, options }) => {
      if (declaration.type === 'filter') {
        const condition = compileExpression(String(options));
        return (row: Row) => (condition.evaluate(row) === true ? row : undefined);
      }
      const fields = Object.entries(options as Readonly<Record<string, string>>).map(
        ([name, source]) => [name, compileExpression(source)] as const,
      );
      return (row: Row) => Object.fromEntries(fields.map(([name, expression]) => [name, expression.evaluate(row)]));
    });
    return (row) => steps.reduce<Row | undefined>((each, step) => each && step(each), row);
  } catch (error) {
    // A function of a plugin.
    if (error instanceof FdpError) return `nothing is known here of an expression: ${error.message}`;
    throw error;
  }
}
