import type { FieldType } from '../../src/kit/declaration.ts';
import { type CelFunction, type Documented, functions } from './cel-functions.ts';
import { methods } from './cel-methods.ts';

// What docs/reference/expressions.md shows: functions, methods and signs of CEL that messages need, and mistakes. The
// tests evaluate every line of it.

/** Functions and methods, those of fdp first. */
export const celFunctions: readonly CelFunction[] = [...functions, ...methods];

/** Signs and literals. */
export const celOperators: readonly Documented[] = [
  {
    form: '==  !=',
    gives: 'boolean',
    meaning: 'Equal, not equal. Values of different types are not equal; everything can be compared with null.',
    samples: [{ source: 'vwap != null', fields: { vwap: null }, result: false }],
  },
  {
    form: '<  <=  >  >=',
    gives: 'boolean',
    meaning: 'Order of two numbers, two texts or two times.',
    samples: [{ source: 'price > 0.0', fields: { price: 196.38 }, result: true }],
  },
  {
    form: '&&  ||  !',
    gives: 'boolean',
    meaning: 'And, or, not. The right side is not needed when the left one decides, so `has(x) && x > 1.0` is safe.',
    samples: [{ source: 'has(bid) && bid > 1.0', fields: { price: 196.38 }, result: false }],
  },
  {
    form: '+  -  *  /',
    gives: 'number',
    meaning:
      'Arithmetic of two numbers; a literal needs its decimal point. `+` also joins two texts or two lists. There is no `%`.',
    samples: [{ source: 'price * volume / 100.0', fields: { price: 50, volume: 3 }, result: 1.5 }],
  },
  {
    form: 'a ? b : c',
    gives: 'b or c',
    meaning: 'b when a is true, else c.',
    samples: [{ source: 'vwap == null ? price : vwap', fields: { vwap: null, price: 196.38 }, result: 196.38 }],
  },
  {
    form: 'x in list',
    gives: 'boolean',
    meaning: 'True when a list has the item, or a map the key.',
    samples: [{ source: 'symbol in ["AAPL", "MSFT"]', fields: { symbol: 'AAPL' }, result: true }],
  },
  {
    form: 'x.y  x["y"]  x[0]',
    gives: 'any value',
    meaning: 'A field of a map, an item of a list. `["y"]` takes names that are no words.',
    samples: [{ source: 'quote.bid', fields: { quote: { bid: 196.37 } }, result: 196.37 }],
  },
  {
    form: '1.5  "text"  true  null',
    gives: 'the value',
    meaning: 'Literals. Text is in double or single quotes; `1` is an integer, `1.0` a number.',
    samples: [{ source: '"mock"', result: 'mock' }],
  },
  {
    form: '[a, b]  {"k": v}',
    gives: 'list, map',
    meaning: 'A list or a map of results.',
    samples: [{ source: '{"p": price}', fields: { price: 196.38 }, result: { p: 196.38 } }],
  },
];

interface FoundInPipeline {
  readonly source: string;
  /** The fields that are known there, with their types. */
  readonly shape: Readonly<Record<string, FieldType>>;
  readonly text: string;
}

/** Mistakes that `fdp validate` reports, as `problem: hint`. */
export const celMistakes: readonly FoundInPipeline[] = [
  { source: 'prize > 0.0', shape: { price: 'number' }, text: 'there is no field prize: did you mean price?' },
  {
    source: 'price = 1.0',
    shape: { price: 'number' },
    text: '"price = 1.0": unexpected character: = at character 7: use ==',
  },
  {
    source: 'price > 1.0 and price < 9.0',
    shape: { price: 'number' },
    text: `"price > 1.0 and price < 9.0": unexpected character: 'd' at character 13: use &&`,
  },
  {
    source: 'price * 2',
    shape: { price: 'number' },
    text: '2 beside * is an integer, and numbers are doubles: write 2.0',
  },
  {
    source: 'price > "1"',
    shape: { price: 'number' },
    text: '> between a number and text: write numbers without quotes; double(x) converts text to a number',
  },
  {
    source: 'symbol.startswith("A")',
    shape: { symbol: 'string' },
    text: 'there is no method startswith: did you mean startsWith?',
  },
  { source: 'symbol.matches("[")', shape: { symbol: 'string' }, text: 'not a regular expression: [' },
];

interface FoundInMessage {
  readonly source: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** What a message is rejected with, code `FDP_MESSAGE_INVALID`. */
export const celRejections: readonly FoundInMessage[] = [
  { source: 'price > 0.0', fields: { symbol: 'AAPL' }, text: '"price > 0.0": there is no field price' },
  {
    source: 'price > 0.0',
    fields: { price: '1.5' },
    text: '"price > 0.0": price: expected a number, got text "1.5"',
  },
  {
    source: 'price / volume',
    fields: { price: 1, volume: 0 },
    text: '"price / volume": the result is Infinity, which a message cannot hold',
  },
  { source: 'iso(time)', fields: { time: 'noon' }, text: '"iso(time)": iso: expected Unix ms, got "noon"' },
];

interface ExpressionOperator {
  readonly type: string;
  readonly names: string;
  readonly gives: string;
  readonly otherwise: string;
}

/** The operators that take expressions. */
export const expressionOperators: readonly ExpressionOperator[] = [
  {
    type: 'filter',
    names: 'the fields of the message',
    gives: 'true or false',
    otherwise: 'false drops the message, counted as filtered; an error or another type rejects it',
  },
  {
    type: 'require',
    names: 'the fields of the message',
    gives: 'true',
    otherwise: 'anything else rejects the message, with the part of `a && b && c` that is not true and its values',
  },
  {
    type: 'map',
    names: 'the fields of the message, in every expression those of before the `map`',
    gives: 'what JSON can hold: text, a finite number, true, false, null, a list, a map',
    otherwise: 'an error or another type rejects the message',
  },
  {
    type: 'vwap',
    names: 'in `anchor`: the fields of the trade',
    gives: 'true or false',
    otherwise: 'anything but true is no anchor; an error rejects the trade',
  },
  {
    type: 'rolling',
    names: 'in `anchor`: the fields of the trade',
    gives: 'true or false',
    otherwise: 'anything but true is no anchor; an error rejects the trade',
  },
];
