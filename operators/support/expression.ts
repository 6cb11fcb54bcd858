import {
  type ASTNode,
  type Environment,
  EvaluationError,
  ParseError,
  TypeError as TypeMismatch,
} from '@marcbachmann/cel-js';
import { errorText, FdpError } from '../../src/errors.ts';
import type { FieldType, Shape } from '../../src/kit/declaration.ts';
import type { FunctionDeclaration } from '../../src/kit/function.ts';
import type { Fields } from '../../src/kit/row.ts';
import { decimal, iso, whole } from './expression-functions.ts';
import { syntaxHint, typeMistake } from './expression-hints.ts';
import { type Language, languageWith, message, plain } from './expression-language.ts';
import { type Probe, runtimeReason } from './expression-reasons.ts';
import { conjuncts, type Problem, type Reading, readTree } from './expression-tree.ts';
import { unknownName } from './names.ts';
import { plainlyTrue } from './plainly-true.ts';

/** A CEL expression over the fields of a message's value, read once and evaluated for each message. */
export interface Expression {
  /** Its source on one short line, for a reason. */
  readonly label: string;
  /** The fields that it reads. */
  readonly names: readonly string[];
  /** The parts of `a && b && c`, to report which of them is false. */
  readonly conjuncts: readonly string[];
  /**
   * Its result as a plain value; integers become numbers.
   * @throws FDP_MESSAGE_INVALID if a field is missing, types don't match, or a message can't hold the result
   */
  evaluate(fields: Fields): unknown;
}

/** CEL with fdp's own functions. */
const base = languageWith();
const fieldTypes: Readonly<Record<string, FieldType>> = {
  string: 'string',
  double: 'number',
  int: 'number',
  bool: 'boolean',
};

const ownFunctions: Readonly<Record<string, (value: unknown) => unknown>> = { iso, decimal, whole };
/** The result types of fdp's own functions, apart from null. */
const ownResults: Readonly<Record<string, FieldType>> = { iso: 'string', decimal: 'decimal', whole: 'boolean' };

/**
 * Reads an expression. Every name is a field of any type; `functions` are those of plugins.
 * @throws FDP_SPEC_INVALID when it can't be read
 */
export function compileExpression(source: string, functions?: readonly FunctionDeclaration[]): Expression {
  const language = languageWith(functions);
  const { text, problems, names, ast } = parse(source);
  const found = problems[0] ?? typeProblem(language.running, text, language);
  if (found) throw new FdpError('FDP_SPEC_INVALID', `"${short(source)}": ${sentence(found)}`);
  const run = language.running.parse(text);
  run.check();
  const label = short(source);
  const needsWhole = text !== source;
  const direct = needsWhole ? undefined : directly(ast);
  const isTrue = needsWhole ? undefined : plainlyTrue(ast, (name) => !isWord(name));
  return {
    label,
    names,
    conjuncts: conjuncts(source),
    evaluate(fields) {
      try {
        if (isTrue?.(fields)) return true;
        if (direct) return plain(direct(fields));
        return plain(run(needsWhole ? { ...fields, [message]: fields } : fields));
      } catch (error) {
        const reason = runReason(error, { ...fields, [message]: fields }, language);
        throw new FdpError('FDP_MESSAGE_INVALID', `"${label}": ${reason}`);
      }
    },
  };
}

/**
 * Reports the mistakes of an expression, as far as `input` tells which names and types there are, and gives the type
 * of its result. Pure.
 */
export function checkExpression(
  source: string,
  input: Shape,
  report: (text: string, hint?: string) => void,
  functions?: readonly FunctionDeclaration[],
): FieldType {
  const language = languageWith(functions);
  const reportProblem = (problem: Problem) => report(problem.text, problem.hint);
  let read: Parsed;
  try {
    read = parse(source);
  } catch (error) {
    report(errorText(error), syntaxHint(source));
    return 'any';
  }
  const problems = [...read.problems, ...unknownNames(read, input)];
  const environment = language.checking(read.names, input);
  const found =
    problems.length > 0 ? problems : [typeProblem(environment, read.text, language)].filter((one) => one !== undefined);
  found.forEach(reportProblem);
  if (found.length > 0) return 'any';
  if (read.ast.op === 'id') return input?.[read.ast.args] ?? 'any';
  if (read.ast.op === 'call' && ownResults[read.ast.args[0]]) return ownResults[read.ast.args[0]] ?? 'any';
  return fieldTypes[environment.check(read.text).type ?? ''] ?? 'any';
}

interface Parsed extends Reading {
  readonly ast: ASTNode;
  /** The source with names qualified where the library needs it. */
  readonly text: string;
}

function parse(source: string): Parsed {
  try {
    const { ast } = base.running.parse(source);
    const reading = readTree(ast);
    const starts = [...reading.qualified].sort((a, b) => b - a);
    const text = starts.reduce((done, start) => `${done.slice(0, start)}${message}.${done.slice(start)}`, source);
    return { ...reading, ast, text };
  } catch (error) {
    const at = error instanceof ParseError && error.range ? ` at character ${error.range.start + 1}` : '';
    throw new FdpError('FDP_SPEC_INVALID', `"${short(source)}": ${reasonOf(error)}${at}`, { cause: error });
  }
}

/** A fast path without the interpreter for a field, or one of fdp's functions over a field. */
function directly(ast: ASTNode): ((fields: Fields) => unknown) | undefined {
  if (ast.op === 'id') {
    const name = ast.args;
    return isWord(name) ? undefined : (fields) => ownField(fields, name);
  }
  if (ast.op !== 'call') return undefined;
  const [name, [only, ...more]] = ast.args;
  const call = ownFunctions[name];
  if (!call || only?.op !== 'id' || more.length > 0) return undefined;
  const argument = directly(only);
  return argument && ((fields) => call(argument(fields)));
}

function ownField(fields: Fields, name: string): unknown {
  if (Object.hasOwn(fields, name) && fields[name] !== undefined) return fields[name];
  throw new FdpError('FDP_MESSAGE_INVALID', `there is no field ${name}`);
}

function unknownNames(read: Parsed, input: Shape): readonly Problem[] {
  return read.names.flatMap((name): readonly Problem[] => {
    if (input !== undefined && !Object.hasOwn(input, name) && !isWord(name))
      return [unknownName('field', name, Object.keys(input))];
    if (input !== undefined && Object.hasOwn(input, name) && isWord(name))
      return [{ text: `${name} is a word of CEL, so a field of that name can't be read here` }];
    return [];
  });
}

/** Types (`int`, `string`, ...) that CEL itself calls by a name. `type` is rather a field: feeds have one. */
function isWord(name: string): boolean {
  return name !== 'type' && base.running.hasVariable(name);
}

function typeProblem(environment: Environment, text: string, { functions }: Language): Problem | undefined {
  const { error } = environment.check(text);
  if (!error) return undefined;
  const known = error instanceof TypeMismatch ? typeMistake(error.summary, functions) : undefined;
  return known ?? { text: reasonOf(error) };
}

/** Why a message could not be evaluated: the parts are evaluated again to find the wrong one. */
function runReason(error: unknown, fields: Fields, { running }: Language): string {
  if (!(error instanceof EvaluationError || error instanceof TypeMismatch)) return reasonOf(error);
  const probe: Probe = (part) => {
    try {
      return { value: running.parse(part.input.slice(part.range.start, part.range.end))(fields) };
    } catch {
      return undefined;
    }
  };
  return runtimeReason(error.summary, error.node, probe) ?? reasonOf(error);
}

/** One line for anything that the library throws: its own messages hold the source and a marker on further lines. */
function reasonOf(error: unknown): string {
  const known = error instanceof EvaluationError || error instanceof ParseError || error instanceof TypeMismatch;
  const text = known ? error.summary.replace(/dyn<([^<>]*)>/g, '$1') : errorText(error);
  const plainer = text
    .replace(/^Unknown variable: (.*)$/, 'there is no field $1')
    .replace(/^No such key: (.*)$/, 'there is no field $1')
    .replace(/^has\(\) invalid argument$/, 'has takes a field, such as has(x) or has(x.y)')
    .replace(/\s+/g, ' ');
  return short(plainer.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase()));
}

function sentence({ text, hint }: Problem): string {
  return hint === undefined ? text : `${text}: ${hint}`;
}

function short(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > 120 ? `${line.slice(0, 119)}…` : line;
}
