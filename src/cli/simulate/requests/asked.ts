import type { ParameterRule } from '../../../../operators/support/parameters.ts';
import { type Chance, seededChance } from '../../../kit/chance.ts';
import type { Row } from '../../../kit/row.ts';
import type { Tape, TapeEntry } from '../../../simulate/tape.ts';
import { type AskedTable, type Cursor, foundRows, type Parameters } from '../oracle/found.ts';
import { type FindRead, type KnownRoute, pathNames } from './known-route.ts';
import {
  defaultValue,
  type GivenValue,
  type Hints,
  type Meant,
  pick,
  rightValue,
  valueAt,
  wrongValues,
} from './values.ts';

/** A request as it is meant. */
export interface Asked {
  readonly route: KnownRoute;
  /** Each parameter of the route. */
  readonly meant: Readonly<Record<string, Meant>>;
}

export interface Requests {
  readonly tape: Tape;
  /** What each request of the tape means, by its text. */
  readonly asked: ReadonlyMap<string, Asked>;
}

interface Sources {
  readonly tables: ReadonlyMap<string, AskedTable>;
  readonly seed: number;
  readonly lengthMs: number;
}

/** Requests of each route without a mistake. */
const perRoute = 24;
/** Pages that are asked for, one after the other. */
const mostPages = 10;
/** How long after the market's day requests still come, ms: bars of it are over by then. */
const laterMs = 7_200_000;

/** Seeded requests of each route: all of the day, and after it. */
export function requestsOf(routes: readonly KnownRoute[], { tables, seed, lengthMs }: Sources): Requests {
  const chance = seededChance(seed + 11);
  const asked = new Map<string, Asked>();
  const tape: TapeEntry[] = [];
  let atMs = 0;
  const ask = (request: string, means: Asked) => {
    const isAfter = chance.next() < 1 / 3;
    // Some come at once.
    if (chance.next() > 0.15)
      atMs = Math.floor((isAfter ? lengthMs : 0) + chance.next() * (isAfter ? laterMs : lengthMs));
    asked.set(request, means);
    tape.push({ atMs, key: null, content: { request } });
  };
  for (const route of routes) {
    const asking = new Asking(route, tables, chance);
    const next = Array.from({ length: perRoute }, () => asking.next());
    for (const given of [...asking.walk(), ...next, ...asking.mistakes()])
      if (given) ask(textOf(route, given), { route, meant: meantBy(route, given) });
  }
  return { tape: tape.sort((one, other) => one.atMs - other.atMs), asked };
}

type Given = Readonly<Record<string, GivenValue>>;

function meantBy({ rules }: KnownRoute, given: Given): Asked['meant'] {
  return Object.fromEntries(
    Object.entries(rules).map(([name, rule]) => [name, given[name]?.meant ?? defaultValue(rule)] as const),
  );
}

/** `GET /path/AAPL?limit=5` */
function textOf({ route }: KnownRoute, given: Given): string {
  const inPath = pathNames(route);
  const target = route.replaceAll(/\{(\w+)\}/g, (_all, name) => encodeURIComponent(given[name]?.text ?? ''));
  const query = Object.entries(given).filter(([name]) => !inPath.includes(name));
  if (query.length === 0) return target;
  return `${target}?${query.map(([name, { text }]) => `${name}=${encodeURIComponent(text)}`).join('&')}`;
}

/** Makes up requests of one route. */
class Asking {
  readonly #route: KnownRoute;
  readonly #table: AskedTable;
  readonly #chance: Chance;

  constructor(route: KnownRoute, tables: Sources['tables'], chance: Chance) {
    this.#route = route;
    this.#table = tables.get(route.read.table) ?? { rows: [], fields: undefined };
    this.#chance = chance;
  }

  /** Parameters that the rows decide about, and then the others; undefined where a value that is needed is not known. */
  next(): Given | undefined {
    const { rules, read } = this.#route;
    const own = this.#ofRow();
    const rows = read.kind === 'find' ? this.#matching(read, own) : this.#table.rows;
    const given: Record<string, GivenValue> = { ...own };
    for (const [name, rule] of Object.entries(rules)) {
      if (given[name] || !(this.#needs(name) || this.#chance.next() < 0.5)) continue;
      const hints = () => ({ values: this.#valuesFor(name, rows), cursor: this.#cursor(rows) });
      const value = this.#valueOf(name, rule, hints);
      if (value) given[name] = value;
      else if (this.#needs(name)) return undefined;
    }
    return given;
  }

  /** All pages of one symbol, or what else a condition is about. */
  walk(): readonly Given[] {
    const { read, rules } = this.#route;
    if (read.kind !== 'find' || !read.isPaged || !rules['limit']) return [];
    const own = this.#ofRow();
    const rows = this.#matching(read, own);
    const size = Math.max(rules['limit'].minimum ?? 1, pick([1, 2, 3, 4, 5], this.#chance));
    const limit = { text: String(size), meant: { value: size } };
    const ends = rows.filter((_row, at) => (at + 1) % size === 0).slice(0, mostPages - 1);
    const cursors = ends.map((row) => cursorOf(row, read));
    return [
      { ...own, limit },
      ...cursors.map((value) => {
        const text = `${value.value}_${value.id}`;
        return { ...own, limit, before: { text, meant: { value } } };
      }),
    ];
  }

  /** The parameters that fields of rows must be equal to, mostly as a row has them. */
  #ofRow(): Given {
    const { read, rules } = this.#route;
    const { rows } = this.#table;
    const row = rows.length > 0 ? pick(rows, this.#chance) : {};
    const fields =
      read.kind === 'bars'
        ? [['symbol', 'symbol'] as const]
        : read.where.flatMap(([field, value]) => ('parameter' in value ? [[value.parameter, field] as const] : []));
    const given: Record<string, GivenValue> = {};
    for (const [name, field] of fields) {
      const rule = rules[name];
      if (!rule || !(this.#needs(name) || this.#chance.next() < 0.9)) continue;
      const value = this.#valueOf(name, rule, () => ({ values: [row[field]] }));
      if (value) given[name] = value;
    }
    return given;
  }

  /** A value that is right; now and then an empty one, which is as good as none. */
  #valueOf(name: string, rule: ParameterRule, hints: () => Hints): GivenValue | undefined {
    const mayBeEmpty = !this.#needs(name) && rule.type !== 'string';
    if (mayBeEmpty && this.#chance.next() < 0.05) return { text: '', meant: defaultValue(rule) };
    return rightValue(rule, hints(), this.#chance);
  }

  /** The rows that a request without ranges and pages finds, in order. */
  #matching(read: FindRead, given: Given): readonly Row[] {
    const parameters: Parameters = Object.fromEntries(
      Object.entries(given).map(([name, { meant }]) => [name, valueAt(meant, 0)]),
    );
    const all = { ...read, ranges: [], isPaged: false, limit: undefined, atMost: undefined };
    return foundRows(all, parameters, this.#table)?.rows ?? [];
  }

  /** Times of rows, for the ends of ranges. */
  #valuesFor(name: string, rows: readonly Row[]): readonly unknown[] {
    const { read } = this.#route;
    if (rows.length === 0) return [];
    if (read.kind === 'bars') return name === 'from' || name === 'to' ? [pick(rows, this.#chance)['start']] : [];
    const fields = read.ranges.flatMap(({ field, from, to }) => {
      return [from, to].some((each) => each && 'parameter' in each && each.parameter === name) ? [field] : [];
    });
    return fields.map((field) => pick(rows, this.#chance)[field]);
  }

  /** That of a row; rather of one of several of the same time, among which a page may end. */
  #cursor(rows: readonly Row[]): Cursor | undefined {
    const { read } = this.#route;
    if (read.kind !== 'find' || !read.isPaged || rows.length === 0) return undefined;
    const field = read.sort[0]?.field ?? '';
    const tied = rows.filter((row, at) => row[field] === rows[at + 1]?.[field]);
    return cursorOf(pick(tied.length > 0 && this.#chance.next() < 0.5 ? tied : rows, this.#chance), read);
  }

  /** Each parameter with each text that it can't be. */
  mistakes(): readonly (Given | undefined)[] {
    return Object.entries(this.#route.rules).flatMap(([name, rule]) =>
      wrongValues(rule).map((mistake) => {
        const given = this.next();
        return given && { ...given, [name]: mistake };
      }),
    );
  }

  /** Without these there is no request, or no answer. */
  #needs(name: string): boolean {
    const { route, read, rules } = this.#route;
    if (pathNames(route).includes(name)) return true;
    const asked = read.kind === 'bars' ? ['symbol', 'interval', 'limit'] : read.isPaged ? ['limit'] : [];
    return asked.includes(name) && rules[name]?.default === undefined;
  }
}

function cursorOf(row: Row, { sort }: FindRead): Cursor {
  return { value: Number(row[sort[0]?.field ?? '']), id: String(row['_id']) };
}
