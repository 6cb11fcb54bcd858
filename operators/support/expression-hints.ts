import { closest, distance } from 'fastest-levenshtein';
import { kindOf, overload } from './expression-reasons.ts';
import { celFunctions } from './expression-reference.ts';
import type { Problem } from './expression-tree.ts';

/** Words and operators of other languages, and their CEL equivalents. */
const foreignSigns: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/(?<![=!<>])={3}|!==/, 'use == and !='],
  [/<>/, 'use !='],
  [/=>/, 'use >='],
  [/=</, 'use <='],
  [/(?<![=!<>])=(?!=)/, 'use =='],
  [/\band\b|(?<!&)&(?!&)/i, 'use &&'],
  [/\bor\b|(?<!\|)\|(?!\|)/i, 'use ||'],
  [/\bnot\b/i, 'use !'],
  [/\bis\b/i, 'use == null, or has(x)'],
  [/(?<![\w.])\.\d/, 'write a digit before the point: 0.5'],
  [/\d\.(?!\d)/, 'write a digit after the point: 5.0'],
  [/\d,\d/, 'write a point in decimals: 1.5'],
];

/** A hint for syntax that CEL does not have; quoted text is ignored. */
export function syntaxHint(source: string): string | undefined {
  const bare = source.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, (text) => '_'.repeat(text.length));
  return foreignSigns.find(([pattern]) => pattern.test(bare))?.[1];
}

const namesOf = (kind: 'function' | 'method') =>
  celFunctions.filter((each) => each.kind === kind).map(({ name }) => name);
const functionNames = namesOf('function');
const methodNames = namesOf('method');

/** Rewrites the library's text of a type error; `functions` are the names of those that plugins add. */
export function typeMistake(summary: string, functions: readonly string[] = []): Problem | undefined {
  const call = /^found no matching overload for '(?:(.+)\.)?(\w+)\((.*)\)'$/i.exec(summary);
  if (call) return callMistake({ receiver: call[1], name: call[2] ?? '', given: call[3] ?? '' }, functions);
  const binary = overload.exec(summary);
  if (binary) {
    const [, left = '', operator, right = ''] = binary;
    const bare = kindOf(left) === 'text' || kindOf(right) === 'text';
    return {
      text: `${operator} between ${kindOf(left)} and ${kindOf(right)}`,
      ...(bare && { hint: 'write numbers without quotes; double(x) converts text to a number' }),
    };
  }
  const unary = /^no such overload: ([!-])(.+)$/i.exec(summary);
  if (unary) return { text: `${unary[1]} before ${kindOf(unary[2] ?? '')}` };
  const logical = /^(?:logical operator requires bool operands|ternary condition must be bool), got '(.*)'$/i.exec(
    summary,
  );
  return logical ? { text: `expected true or false, got ${kindOf(logical[1] ?? '')}` } : undefined;
}

interface Call {
  readonly receiver: string | undefined;
  readonly name: string;
  /** The types of the arguments, as the library writes them. */
  readonly given: string;
}

function callMistake({ receiver, name, given }: Call, functions: readonly string[]): Problem {
  const known = receiver === undefined ? [...functionNames, ...functions] : methodNames;
  const what = receiver === undefined ? 'function' : 'method';
  const types =
    given === ''
      ? 'nothing'
      : given
          .split(/, (?![^<]*>)/)
          .map(kindOf)
          .join(', ');
  if (known.includes(name)) {
    const of = receiver === undefined ? '' : ` of ${kindOf(receiver)}`;
    return { text: `there is no ${name}(...)${of} that takes ${types}` };
  }
  const near = closest(name, known);
  const hint = distance(name, near) <= Math.max(1, Math.floor(name.length / 3)) ? `did you mean ${near}?` : undefined;
  return { text: `there is no ${what} ${name}`, hint: hint ?? `${what}s: ${known.join(', ')}` };
}
