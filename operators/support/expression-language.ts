import { Environment } from '@marcbachmann/cel-js';
import { FdpError } from '../../src/errors.ts';
import type { FieldType, Shape } from '../../src/kit/declaration.ts';
import { callFunction, type FunctionDeclaration, type ValueType } from '../../src/kit/function.ts';
import { decimal, iso, whole } from './expression-functions.ts';

/** What expressions are read and evaluated with: CEL, fdp's functions, and those of plugins. */
export interface Language {
  /** Evaluates: every name is a field of any type. */
  readonly running: Environment;
  /** Names of the plugins' functions. */
  readonly functions: readonly string[];
  /** For a check: names with their declared types. Values may be null, whatever their type. */
  checking(names: readonly string[], input: Shape): Environment;
}

/** The message as a whole, for `has(x)` and for fields whose name is a word of CEL. */
export const message = '_fields_';
const options = { homogeneousAggregateLiterals: false };
const none: readonly FunctionDeclaration[] = [];
const known = new WeakMap<readonly FunctionDeclaration[], Language>();

const celTypes = {
  string: 'string',
  decimal: 'string',
  number: 'double',
  date: 'double',
  int64: 'double',
  boolean: 'bool',
  any: 'dyn',
} as const satisfies Record<FieldType, string>;

/** What the library has to find where a function takes a value of a type; a number may be a literal without a point. */
const argumentTypes: Readonly<Record<ValueType, readonly string[]>> = {
  number: ['double', 'int'],
  string: ['string'],
  boolean: ['bool'],
  list: ['list'],
  map: ['map'],
  any: ['dyn'],
};

/** Words of CEL that are called, or can't be. */
const words =
  'as break cel const continue else false for function has if import in let loop null package return true var void while';

/** Names that no further function can have. */
export function takenFunctions(): readonly string[] {
  const { functions } = languageWith().running.getDefinitions();
  return [...new Set([...words.split(' '), ...functions.flatMap((each) => (each.receiverType ? [] : [each.name]))])];
}

/** The language with these functions; made once for each list of them. */
export function languageWith(functions: readonly FunctionDeclaration[] = none): Language {
  const found = known.get(functions) ?? make(functions);
  known.set(functions, found);
  return found;
}

function make(functions: readonly FunctionDeclaration[]): Language {
  const running = new Environment({ ...options, unlistedVariablesAreDyn: true })
    .registerFunction('iso(dyn): dyn', iso)
    .registerFunction('decimal(dyn): dyn', decimal)
    .registerFunction('whole(dyn): bool', whole);
  for (const each of functions) {
    const parameters = Object.keys(each.parameters).map(() => 'dyn');
    running.registerFunction(`${each.name}(${parameters.join(', ')}): dyn`, (...values: unknown[]) =>
      callFunction(
        each,
        values.map((value) => plain(value, `an argument of ${each.name}`)),
      ),
    );
  }
  const common = checkable(functions);
  return {
    running,
    functions: functions.map(({ name }) => name),
    checking: (names, input) => checking(common, names, input),
  };
}

/** What every check has; a clone shares it. */
function checkable(functions: readonly FunctionDeclaration[]): Environment {
  const environment = new Environment(options);
  for (const type of ['double', 'int', 'null', 'string'] as const) {
    if (type !== 'string') environment.registerFunction(`iso(${type}): dyn`, iso);
    environment.registerFunction(`decimal(${type}): dyn`, decimal);
    environment.registerFunction(`whole(${type}): bool`, whole);
  }
  for (const each of functions) {
    const [result = 'dyn'] = argumentTypes[each.result];
    for (const types of combinations(Object.values(each.parameters)))
      environment.registerFunction(`${each.name}(${types.join(', ')}): ${result}`, () => null);
  }
  const equal = () => false;
  for (const pair of ['double == int', 'double == null', 'string == null', 'bool == null', 'int == null'])
    environment.registerOperator(pair, equal);
  return environment.registerVariable(message, 'dyn');
}

function checking(common: Environment, names: readonly string[], input: Shape): Environment {
  const environment = common.clone({ unlistedVariablesAreDyn: input === undefined });
  for (const name of names) {
    const type = input && Object.hasOwn(input, name) ? input[name] : undefined;
    if (type !== undefined && !environment.hasVariable(name)) environment.registerVariable(name, celTypes[type]);
  }
  return environment;
}

/** Every list of the library's types that arguments of these types may have. */
function combinations(types: readonly ValueType[]): readonly (readonly string[])[] {
  return types.reduce<readonly (readonly string[])[]>(
    (before, type) => before.flatMap((list) => argumentTypes[type].map((each) => [...list, each])),
    [[]],
  );
}

/**
 * A value of the library as a message holds it; integers become numbers.
 * @throws FDP_MESSAGE_INVALID when a message can't hold it
 */
export function plain(value: unknown, what = 'the result'): unknown {
  const refuse = (text: string) => new FdpError('FDP_MESSAGE_INVALID', text);
  if (typeof value === 'bigint') {
    if (value > Number.MAX_SAFE_INTEGER || value < Number.MIN_SAFE_INTEGER)
      throw refuse(`the integer ${value} is beyond 2^53`);
    return Number(value);
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    throw refuse(`${what} is ${value}, which a message cannot hold`);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => plain(item, what));
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw refuse(`${what} is a ${value.constructor.name}, which a message cannot hold`);
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, what)]));
}
