import { FdpError } from '../../src/errors.ts';
import type { Query } from '../../src/kit/lookup.ts';
import { lastMs, timeExpected, timeMs } from '../../src/kit/time-text.ts';
import { show } from './expression-functions.ts';

/** The rules of a request parameter: the options of `params`. */
export interface ParameterRule {
  readonly type: 'integer' | 'number' | 'string' | 'boolean' | 'time' | 'cursor';
  readonly default?: string | number | boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly (string | number)[];
  readonly pattern?: string;
  readonly maxLength?: number;
  readonly description?: string;
  readonly example?: string | number | boolean;
}

/** Which rules go with which type. */
export const rulesOf: Readonly<Record<ParameterRule['type'], readonly (keyof ParameterRule)[]>> = {
  integer: ['default', 'minimum', 'maximum', 'enum'],
  number: ['default', 'minimum', 'maximum', 'enum'],
  string: ['default', 'enum', 'pattern', 'maxLength'],
  boolean: ['default'],
  time: ['default'],
  cursor: [],
};

const defaultMaxLength = 256;
const cursorPattern = /^(\d{1,16})(?:_([A-Za-z0-9]{1,64}))?$/;

/**
 * Reads the raw text of a parameter as its type; `now`, Unix ms, is what a relative time counts from.
 * @throws FDP_PARAMETER_INVALID with what was expected and what was given
 */
export function readParameter(name: string, rule: ParameterRule, raw: unknown, now: number): unknown {
  if (Array.isArray(raw)) throw parameterInvalid(`${name}: expected one value, got ${raw.length}`);
  const value = typeof raw === 'string' ? parse(rule, raw, now) : undefined;
  if (value !== undefined) return value;
  throw parameterInvalid(`${name}: expected ${expectation(rule)}, got ${show(raw)}`);
}

/** An empty text is no value, except for type text; a cursor of 0 is the first page. */
export function isGiven({ type }: ParameterRule, raw: unknown): boolean {
  return raw !== undefined && (type === 'string' || raw !== '') && (type !== 'cursor' || raw !== '0');
}

/** What a cursor's text means: `MS`, or `MS_ID` to go on in the middle of a millisecond. */
type Cursor = NonNullable<Query['after']>;

/** Whether a parameter of type `cursor` has made this. */
export function isCursor(value: unknown): value is Cursor {
  return typeof value === 'object' && value !== null && 'value' in value && typeof value.value === 'number';
}

/** The value of a parameter that is not given; undefined when it has no default. */
export function defaultOf(rule: ParameterRule, now: number): unknown {
  return rule.type === 'time' && rule.default !== undefined ? parse(rule, String(rule.default), now) : rule.default;
}

/** Whether the parameter would accept a value of the pipeline, such as a default. */
export function takes(rule: ParameterRule, value: string | number | boolean): boolean {
  const read = parse(rule, String(value), 0);
  return rule.type === 'time' || rule.type === 'cursor' ? read !== undefined : read === value;
}

/** The expected value, as in `expected an integer from 1 to 500`. */
export function expectation(rule: ParameterRule): string {
  if (rule.enum) return `one of ${rule.enum.join(', ')}`;
  switch (rule.type) {
    case 'integer':
      return `an integer${range(rule)}`;
    case 'number':
      return `a number${range(rule)}`;
    case 'boolean':
      return 'true or false';
    case 'time':
      return timeExpected;
    case 'cursor':
      return 'a cursor such as 1763645598585 or 1763645598585_ID';
    case 'string': {
      const matching = rule.pattern === undefined ? '' : ` that matches ${rule.pattern}`;
      return `text of at most ${rule.maxLength ?? defaultMaxLength} characters${matching}`;
    }
  }
}

/** The JSON Schema of a parameter's value. */
export function parameterSchema(rule: ParameterRule): Readonly<Record<string, unknown>> {
  const { type, maxLength = defaultMaxLength, description: _, example: __, ...limits } = rule;
  if (type === 'time')
    return { type: 'string', ...limits, examples: ['2026-01-05T14:30:00Z', '1767623400000', '-15m'] };
  if (type === 'cursor') return { type: 'string', pattern: cursorPattern.source, examples: ['1763645598585'] };
  return type === 'string' ? { type, maxLength, ...limits } : { type, ...limits };
}

export function parameterInvalid(text: string): FdpError {
  return new FdpError('FDP_PARAMETER_INVALID', text);
}

function range({ minimum, maximum }: ParameterRule): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

/** The value, or undefined when the text doesn't fit. */
function parse(rule: ParameterRule, text: string, now: number): unknown {
  switch (rule.type) {
    case 'integer':
      return inRange(rule, /^-?\d+$/.test(text) ? Number(text) : Number.NaN, Number.MAX_SAFE_INTEGER);
    case 'number':
      return inRange(
        rule,
        /^-?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/.test(text) ? Number(text) : Number.NaN,
        Number.MAX_VALUE,
      );
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : undefined;
    case 'time':
      return timeMs(text, now);
    case 'cursor':
      return parseCursor(text);
    case 'string':
      return isText(rule, text) ? text : undefined;
  }
}

function inRange(rule: ParameterRule, value: number, largest: number): number | undefined {
  const { minimum = -largest, maximum = largest } = rule;
  const fits = Math.abs(value) <= largest && value >= minimum && value <= maximum;
  return fits && (rule.enum?.includes(value) ?? true) ? value + 0 : undefined;
}

function isText(rule: ParameterRule, text: string): boolean {
  if (text.length > (rule.maxLength ?? defaultMaxLength)) return false;
  if (rule.enum && !rule.enum.includes(text)) return false;
  return rule.pattern === undefined || new RegExp(rule.pattern).test(text);
}

function parseCursor(text: string): Cursor | undefined {
  const [, ms, id] = cursorPattern.exec(text) ?? [];
  const value = Number(ms ?? Number.NaN);
  if (!(value <= lastMs)) return undefined;
  return id === undefined ? { value } : { value, id };
}
