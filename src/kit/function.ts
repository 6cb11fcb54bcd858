import { FdpError } from '../errors.ts';
import { stamped } from './stamp.ts';
import { foreignText, jsonWithin } from './text.ts';

/**
 * The types of what a function takes and gives: those of a message's fields, and `any`, which takes
 * null too.
 */
export type ValueType = 'number' | 'string' | 'boolean' | 'list' | 'map' | 'any';

interface Values {
  readonly number: number;
  readonly string: string;
  readonly boolean: boolean;
  readonly list: readonly unknown[];
  readonly map: Readonly<Record<string, unknown>>;
  readonly any: unknown;
}

type Parameters = Readonly<Record<string, ValueType>>;
type Arguments<P extends Parameters> = { readonly [K in keyof P]: Values[P[K]] };

/** A function that expressions can call: `spread(bid, ask)`. */
export interface FunctionDeclaration {
  /** The name in expressions. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** The types of its arguments by name, in the order in which they are given; six at most. */
  readonly parameters: Parameters;
  readonly result: ValueType;
  /** What it gives for arguments; `functionContract` calls it with them. */
  readonly examples: readonly { readonly of: Readonly<Record<string, unknown>>; readonly gives: unknown }[];
  /** The plugin that it comes from. Set where plugins are loaded. */
  readonly plugin?: string;
  /**
   * Pure: depends on its arguments alone (no clock, chance, file or earlier call), changes nothing,
   * and returns at once. May give null, whatever its type. What it throws rejects the message.
   */
  call(args: Readonly<Record<string, unknown>>): unknown;
}

/**
 * Declares a function for expressions: the types of its arguments and result come from the
 * declaration.
 */
export function defineFunction<const P extends Parameters, const R extends ValueType>(
  declaration: Omit<FunctionDeclaration, 'parameters' | 'result' | 'examples' | 'call' | 'plugin'> & {
    readonly parameters: P;
    readonly result: R;
    readonly examples: readonly { readonly of: Arguments<P>; readonly gives: Values[R] | null }[];
    call(args: Arguments<P>): Values[R] | null;
  },
): FunctionDeclaration {
  return stamped('function', declaration as unknown as FunctionDeclaration);
}

const typeNames: Readonly<Record<ValueType, string>> = {
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
  list: 'a list',
  map: 'a map',
  any: 'any value',
};

/** As it is called: `spread(bid, ask)`. */
export function signatureOf({ name, parameters }: Pick<FunctionDeclaration, 'name' | 'parameters'>): string {
  return `${name}(${Object.keys(parameters).join(', ')})`;
}

/**
 * Calls a function with values in the order of its parameters, and checks their types and that of
 * the result.
 * @throws FDP_MESSAGE_INVALID when a type is wrong, and what the function throws
 */
export function callFunction(declaration: FunctionDeclaration, values: readonly unknown[]): unknown {
  const { name, parameters, result } = declaration;
  const args: Record<string, unknown> = {};
  let at = 0;
  for (const parameter in parameters) {
    const value = values[at++];
    const type = parameters[parameter] ?? 'any';
    if (!isOf(type, value)) throw mistake(`${name}: ${parameter}`, type, value);
    args[parameter] = value;
  }
  const given = declaration.call(args);
  if (given !== null && !isOf(result, given)) throw mistake(`${name}: the result`, result, given);
  return given;
}

function isOf(type: ValueType, value: unknown): boolean {
  if (type === 'any') return value !== undefined;
  if (type === 'list') return Array.isArray(value);
  if (type === 'map') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function mistake(what: string, type: ValueType, value: unknown): FdpError {
  const got =
    value === undefined ? 'nothing' : foreignText(typeof value === 'bigint' ? value : jsonWithin(value, 50), 50);
  return new FdpError('FDP_MESSAGE_INVALID', `${what}: expected ${typeNames[type]}, got ${got}`);
}
