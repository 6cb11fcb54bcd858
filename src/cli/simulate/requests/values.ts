import type { ParameterRule } from '../../../../operators/support/parameters.ts';
import type { Chance } from '../../../kit/chance.ts';
import { durationMs } from '../../../kit/units.ts';
import type { Cursor } from '../oracle/found.ts';

/** What a request gives a parameter, as it is meant: nobody has to read its text. */
export type Meant =
  | { readonly value: unknown }
  /** A time so long before now, ms. */
  | { readonly agoMs: number }
  | { readonly wrong: true };

/** A parameter of a request: its text, and what it means. */
export interface GivenValue {
  readonly text: string;
  readonly meant: Meant;
}

/** What is worth asking for: values that rows have. */
export interface Hints {
  readonly values: readonly unknown[];
  readonly cursor?: Cursor | undefined;
}

const defaultLength = 256;
const minuteMs = 60_000;

/** A text of a parameter that its rule allows; undefined where none is known. */
export function rightValue(rule: ParameterRule, hints: Hints, chance: Chance): GivenValue | undefined {
  switch (rule.type) {
    case 'integer':
    case 'number': {
      const value = rule.enum ? pick(rule.enum, chance) : pick(numbersOf(rule), chance);
      return { text: String(value), meant: { value: Number(value) } };
    }
    case 'boolean': {
      const value = chance.next() < 0.5;
      return { text: String(value), meant: { value } };
    }
    case 'time':
      return timeValue(hints, chance);
    case 'cursor':
      return cursorValue(hints, chance);
    case 'string': {
      const value = textFor(rule, hints, chance);
      return value === undefined ? undefined : { text: value, meant: { value } };
    }
  }
}

/** Texts that the rule does not allow. */
export function wrongValues({
  type,
  minimum,
  maximum,
  enum: allowed,
  maxLength = defaultLength,
}: ParameterRule): readonly GivenValue[] {
  const beyond = [...(minimum === undefined ? [] : [minimum - 1]), ...(maximum === undefined ? [] : [maximum + 1])];
  const texts: Readonly<Record<ParameterRule['type'], readonly string[]>> = {
    integer: ['1.5', 'many', '1e3', '9007199254740993', ...beyond.map(String)],
    number: ['many', '0x10', 'NaN', '1e999', ...beyond.map(String)],
    boolean: ['yes', '1', 'TRUE'],
    time: ['yesterday', '2025-02-31', '2025-11-20T25:00:00Z', '-15x', '1.5'],
    cursor: ['last', '-1', '1_2_3', '99999999999999999'],
    string: allowed ? ['none of them'] : ['x'.repeat(maxLength + 1)],
  };
  return texts[type].map((text) => ({ text, meant: { wrong: true } }));
}

/** What a parameter is that is not given. */
export function defaultValue({ type, default: value }: ParameterRule): Meant {
  if (type !== 'time' || value === undefined) return { value };
  const text = String(value);
  return text.startsWith('-') ? { agoMs: durationMs(text.slice(1)) } : { value: Date.parse(text) };
}

/** Unix ms for a time before now. */
export function valueAt(meant: Meant, now: number): unknown {
  if ('agoMs' in meant) return Math.round(now - meant.agoMs);
  return 'value' in meant ? meant.value : undefined;
}

export function pick<T>(values: readonly T[], chance: Chance): T {
  return values[Math.floor(chance.next() * values.length)] as T;
}

/** The ends of what is allowed, and small numbers: small pages have many ends. */
function numbersOf({ minimum = 0, maximum = 1000, default: given }: ParameterRule): readonly number[] {
  const small = [1, 1, 2, 2, 3, 5, 7, 20].filter((value) => value >= minimum && value <= maximum);
  return [minimum, maximum, ...small, ...(typeof given === 'number' ? [given] : [])];
}

/** At the time of a row or just beside it, since ranges begin and end there; or some time ago. */
function timeValue({ values }: Hints, chance: Chance): GivenValue {
  const times = values.filter((value) => typeof value === 'number');
  if (times.length === 0 || chance.next() < 0.2) {
    const agoMs = pick([0, 1000, minuteMs, 15 * minuteMs, 60 * minuteMs], chance);
    return { text: `-${agoMs / 1000}s`, meant: { agoMs } };
  }
  const value = pick(times, chance) + pick([0, 0, 1, -1], chance);
  const isDate = value >= 0 && value < Date.UTC(9999, 0);
  return { text: isDate && chance.next() < 0.5 ? new Date(value).toISOString() : String(value), meant: { value } };
}

/** A cursor of 0 is the first page. */
function cursorValue({ cursor }: Hints, chance: Chance): GivenValue {
  if (!cursor || chance.next() < 0.05) return { text: '0', meant: { value: undefined } };
  const { value, id } = cursor;
  if (id === undefined || chance.next() < 0.15) return { text: String(value), meant: { value: { value } } };
  return { text: `${value}_${id}`, meant: { value: { value, id } } };
}

/** A value that rows have, or the pipeline names; one that is nowhere, now and then. Undefined where none is known that fits. */
function textFor(rule: ParameterRule, { values }: Hints, chance: Chance): string | undefined {
  const { enum: allowed, default: given, example, pattern = '', maxLength = defaultLength } = rule;
  if (allowed) return String(pick(allowed, chance));
  const fits = (value: unknown) =>
    typeof value === 'string' && value !== '' && value.length <= maxLength && new RegExp(pattern).test(value);
  const known = [...values, given, example].filter(fits);
  const unknown = ['NONE', 'a/b ?&=%', '\u03a9'].filter(fits);
  const texts = known.length === 0 || chance.next() < 0.1 ? [...unknown, ...known] : known;
  return texts.length === 0 ? undefined : String(pick(texts, chance));
}
