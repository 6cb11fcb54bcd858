import type { ASTNode } from '@marcbachmann/cel-js';
import { show } from './expression-functions.ts';

/** Evaluates a part of the failed expression; undefined if it has no value by itself. */
export type Probe = (part: ASTNode) => { readonly value: unknown } | undefined;

type Sides = readonly [ASTNode, ASTNode];

const comparisons: readonly string[] = ['<', '<=', '>', '>=', '==', '!='];
const textMethods: readonly string[] = ['matches', 'startsWith', 'endsWith', 'contains', 'split', 'trim'];

/** The library's names of types, in words. */
const kinds: Readonly<Record<string, string>> = {
  double: 'a number',
  int: 'an integer',
  uint: 'an integer',
  string: 'text',
  bool: 'true or false',
  null: 'null',
  list: 'a list',
  map: 'a map',
  dyn: 'any value',
};

/** The library's text for an operator and two types that do not go together. */
export const overload = /^no such overload: (.+?) (==|!=|<=|>=|<|>|\+|-|\*|\/|%|in) (.+)$/i;

/** A type of the library in words, `list<double>` as "a list". */
export function kindOf(type: string): string {
  const plain = type.replace(/^dyn<(.*)>$/, '$1').replace(/<.*$/, '');
  return kinds[plain] ?? plain;
}

/**
 * Why an expression could not be evaluated: which part, what was expected, what it was. Undefined for an error
 * of another kind.
 */
export function runtimeReason(summary: string, node: ASTNode | undefined, probe: Probe): string | undefined {
  if (!node) return undefined;
  const index = /^No such key: index out of bounds, index (-?\d+)/.exec(summary);
  if (index && node.op === '[]') return `${written(node.args[0])}: there is no item ${index[1]}`;
  if (/^(?:No such overload|Logical operator|Ternary condition)/i.test(summary)) return operands(node, summary, probe);
  if (/range of a comprehension/.test(summary)) return receiverReason(node, 'a list or a map', probe);
  if (/^found no matching overload for/i.test(summary)) return called(node, probe);
  const converted = /^(double|int|uint|bool|timestamp|duration|string|bytes)\(\)|^Invalid duration/i.exec(summary);
  if (converted) return conversion(node, converted[1] ?? 'duration', probe);
  return undefined;
}

function operands(node: ASTNode, summary: string, probe: Probe): string | undefined {
  if (node.op === '!_') return unless(node.args, 'true or false', probe);
  if (node.op === '-_') return unless(node.args, 'a number', probe);
  const condition = ['&&', '||', '?:'].includes(node.op) || /operator requires bool|condition must be/i.test(summary);
  if (condition) {
    const parts = node.op === '?:' ? [node.args[0]] : node.op === '&&' || node.op === '||' ? node.args : [node];
    const wrong = parts.find((part) => typeof probe(part)?.value !== 'boolean') ?? parts[0];
    return wrong && unless(wrong, 'true or false', probe);
  }
  if (node.op === 'in') return unless(node.args[1], 'a list or a map', probe);
  if (!Array.isArray(node.args) || node.args.length !== 2) return undefined;
  return twoSides(node.op, node.args as unknown as Sides, summary, probe);
}

function twoSides(operator: string, [left, right]: Sides, summary: string, probe: Probe): string | undefined {
  const [, leftType, , rightType] = overload.exec(summary) ?? [];
  if (leftType === undefined || rightType === undefined) return undefined;
  if (right.op === 'value') return unless(left, kindOf(rightType), probe, leftType);
  if (left.op === 'value') return unless(right, kindOf(leftType), probe, rightType);
  const isLeftNumber = kindOf(leftType) === 'a number';
  if (isLeftNumber !== (kindOf(rightType) === 'a number')) {
    const [part, type] = isLeftNumber ? [right, rightType] : [left, leftType];
    return unless(part, 'a number', probe, type);
  }
  const verb = comparisons.includes(operator) ? 'compared' : 'joined';
  return `${written(left)} and ${written(right)} can't be ${verb} by ${operator}: ${kindOf(leftType)} and ${kindOf(rightType)}`;
}

function called(node: ASTNode, probe: Probe): string | undefined {
  if (node.op === 'rcall')
    return receiverReason(node, textMethods.includes(node.args[0]) ? 'text' : sized(node.args[0]), probe);
  if (node.op !== 'call') return undefined;
  const [name, [only]] = node.args;
  return only && unless(only, sized(name), probe);
}

function sized(name: string): string {
  return name === 'size' ? 'text, a list or a map' : `what ${name} takes`;
}

function receiverReason(node: ASTNode, expected: string, probe: Probe): string | undefined {
  const part = node.op === 'rcall' ? node.args[1] : node;
  return unless(part, expected, probe);
}

const convertible: Readonly<Record<string, string>> = {
  double: 'a number, or text that holds one',
  int: 'a whole number, or text that holds one',
  uint: 'a whole number, or text that holds one',
  bool: 'true or false, or text that is one of them',
  timestamp: 'text such as 2025-11-20T14:30:00Z',
  duration: 'text such as 1h30m',
};

function conversion(node: ASTNode, name: string, probe: Probe): string | undefined {
  if (node.op !== 'call') return undefined;
  const [, [only]] = node.args;
  return only && unless(only, convertible[name.toLowerCase()] ?? `what ${name} takes`, probe);
}

/** `price: expected a number, got text "1.5"`; of a part that has no value by itself only its type. */
function unless(part: ASTNode, expected: string, probe: Probe, type?: string): string {
  const found = probe(part);
  const got = found ? valueInWords(found.value) : type === undefined ? 'another type' : kindOf(type);
  return `${written(part)}: expected ${expected}, got ${got}`;
}

function valueInWords(value: unknown): string {
  if (typeof value === 'string') return `text ${show(value)}`;
  if (Array.isArray(value)) return `a list ${show(value)}`;
  if (typeof value === 'object' && value !== null) return `a map ${show(value)}`;
  return show(value);
}

/** A part as it stands in the source. */
function written(part: ASTNode): string {
  const text = part.input.slice(part.range.start, part.range.end).replaceAll('_fields_.', '').replace(/\s+/g, ' ');
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}
