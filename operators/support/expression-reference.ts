import type { FieldType } from '../../src/kit/declaration.ts';

// What docs/reference/expressions.md shows: functions, methods and signs of CEL that messages need, and mistakes. The
// tests evaluate every line of it.

/** An expression, the fields of the message that it is evaluated for, and its result. */
interface Sample {
  readonly source: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly result: unknown;
}

interface Documented {
  /** As it is called: `size(x)`, `text.matches(pattern)`, `a && b`. */
  readonly form: string;
  readonly gives: string;
  readonly meaning: string;
  readonly samples: readonly Sample[];
}

interface CelFunction extends Documented {
  readonly name: string;
  /** A function is called by itself; a method is called on a value. */
  readonly kind: 'function' | 'method';
}

/** Functions and methods, those of fdp first. */
export const celFunctions: readonly CelFunction[] = [
  {
    name: 'iso',
    kind: 'function',
    form: 'iso(ms)',
    gives: 'text',
    meaning: 'Unix milliseconds as RFC 3339 text in UTC; null stays null.',
    samples: [{ source: 'iso(time)', fields: { time: 1763645598585 }, result: '2025-11-20T13:33:18.585Z' }],
  },
  {
    name: 'decimal',
    kind: 'function',
    form: 'decimal(x)',
    gives: 'text',
    meaning: 'A number, or text that holds one, as decimal text without an exponent; null stays null.',
    samples: [{ source: 'decimal(volume)', fields: { volume: 1e-7 }, result: '0.0000001' }],
  },
  {
    name: 'whole',
    kind: 'function',
    form: 'whole(x)',
    gives: 'boolean',
    meaning: 'True for a number without a fraction, false for everything else.',
    samples: [
      { source: 'whole(time)', fields: { time: 1763645598585 }, result: true },
      { source: 'whole(time)', fields: { time: 1763645598.5 }, result: false },
    ],
  },
  {
    name: 'has',
    kind: 'function',
    form: 'has(x), has(x.y)',
    gives: 'boolean',
    meaning: 'True when the message has the field. Any other use of a missing field is an error.',
    samples: [{ source: 'has(conditions)', fields: { price: 1.5 }, result: false }],
  },
  {
    name: 'size',
    kind: 'function',
    form: 'size(x)',
    gives: 'integer',
    meaning: 'Length of a text in characters, of a list or of a map.',
    samples: [{ source: 'size(symbol) <= 5', fields: { symbol: 'AAPL' }, result: true }],
  },
  {
    name: 'string',
    kind: 'function',
    form: 'string(x)',
    gives: 'text',
    meaning: 'A number or boolean as text.',
    samples: [
      { source: 'symbol + "-" + string(price)', fields: { symbol: 'AAPL', price: 196.38 }, result: 'AAPL-196.38' },
    ],
  },
  {
    name: 'double',
    kind: 'function',
    form: 'double(x)',
    gives: 'number',
    meaning: 'A number from text or from an integer.',
    samples: [{ source: 'double(price) > 100.0', fields: { price: '196.38' }, result: true }],
  },
  {
    name: 'int',
    kind: 'function',
    form: 'int(x)',
    gives: 'integer',
    meaning: 'An integer from a number, which is rounded towards zero, or from text.',
    samples: [{ source: 'int(time / 1000.0)', fields: { time: 1763645598585 }, result: 1763645598 }],
  },
  {
    name: 'bool',
    kind: 'function',
    form: 'bool(x)',
    gives: 'boolean',
    meaning: 'A boolean from text.',
    samples: [{ source: 'bool(open)', fields: { open: 'true' }, result: true }],
  },
  {
    name: 'type',
    kind: 'function',
    form: 'type(x)',
    gives: 'a type',
    meaning:
      'The type of a value, to compare with `double`, `string`, `bool`, `list` or `map`. Numbers of messages are doubles.',
    samples: [{ source: 'type(price) == double', fields: { price: 196.38 }, result: true }],
  },
  {
    name: 'timestamp',
    kind: 'function',
    form: 'timestamp(text), timestamp(seconds)',
    gives: 'a time',
    meaning: 'A time from RFC 3339 text or Unix seconds, to compare or to take parts of; a message can not hold it.',
    samples: [
      {
        source: 'timestamp(at) > timestamp("2025-01-01T00:00:00Z")',
        fields: { at: '2025-11-20T13:33:18Z' },
        result: true,
      },
      { source: 'timestamp(at).getHours()', fields: { at: '2025-11-20T13:33:18Z' }, result: 13 },
    ],
  },
  {
    name: 'duration',
    kind: 'function',
    form: 'duration(text)',
    gives: 'a duration',
    meaning: 'A span of time such as `1h30m`, to add to a time or to compare; a message can not hold it.',
    samples: [{ source: 'duration("1h30m").getMinutes()', result: 90 }],
  },
  {
    name: 'matches',
    kind: 'method',
    form: 'text.matches("pattern")',
    gives: 'boolean',
    meaning:
      'True when a regular expression finds something in the text; anchor it with `^` and `$`. The pattern is literal text.',
    samples: [{ source: 'symbol.matches("^[A-Z]{1,5}$")', fields: { symbol: 'AAPL' }, result: true }],
  },
  {
    name: 'startsWith',
    kind: 'method',
    form: 'text.startsWith(text)',
    gives: 'boolean',
    meaning: 'True when the text begins with another.',
    samples: [{ source: 'symbol.startsWith("BINANCE:")', fields: { symbol: 'BINANCE:BTCUSDT' }, result: true }],
  },
  {
    name: 'endsWith',
    kind: 'method',
    form: 'text.endsWith(text)',
    gives: 'boolean',
    meaning: 'True when the text ends with another.',
    samples: [{ source: 'symbol.endsWith("USDT")', fields: { symbol: 'BINANCE:BTCUSDT' }, result: true }],
  },
  {
    name: 'contains',
    kind: 'method',
    form: 'text.contains(text)',
    gives: 'boolean',
    meaning: 'True when the text holds another.',
    samples: [{ source: 'symbol.contains(":")', fields: { symbol: 'AAPL' }, result: false }],
  },
  {
    name: 'size',
    kind: 'method',
    form: 'x.size()',
    gives: 'integer',
    meaning: 'The same as `size(x)`.',
    samples: [{ source: 'conditions.size()', fields: { conditions: ['1', '8'] }, result: 2 }],
  },
  {
    name: 'all',
    kind: 'method',
    form: 'list.all(item, condition)',
    gives: 'boolean',
    meaning: 'True when the condition is true for every item.',
    samples: [{ source: 'prices.all(p, p > 0.0)', fields: { prices: [1.5, 2.5] }, result: true }],
  },
  {
    name: 'exists',
    kind: 'method',
    form: 'list.exists(item, condition)',
    gives: 'boolean',
    meaning: 'True when the condition is true for an item.',
    samples: [{ source: 'conditions.exists(c, c == "8")', fields: { conditions: ['1', '8'] }, result: true }],
  },
  {
    name: 'exists_one',
    kind: 'method',
    form: 'list.exists_one(item, condition)',
    gives: 'boolean',
    meaning: 'True when the condition is true for exactly one item.',
    samples: [{ source: 'conditions.exists_one(c, c == "8")', fields: { conditions: ['8', '8'] }, result: false }],
  },
  {
    name: 'map',
    kind: 'method',
    form: 'list.map(item, expression)',
    gives: 'list',
    meaning: 'A list with the result for each item.',
    samples: [{ source: 'prices.map(p, p * 2.0)', fields: { prices: [1.5, 2.5] }, result: [3, 5] }],
  },
  {
    name: 'filter',
    kind: 'method',
    form: 'list.filter(item, condition)',
    gives: 'list',
    meaning: 'The items for which the condition is true.',
    samples: [{ source: 'prices.filter(p, p > 2.0)', fields: { prices: [1.5, 2.5] }, result: [2.5] }],
  },
  {
    name: 'lowerAscii',
    kind: 'method',
    form: 'text.lowerAscii()',
    gives: 'text',
    meaning: 'A to Z in lower case; other characters stay.',
    samples: [{ source: 'symbol.lowerAscii()', fields: { symbol: 'AAPL' }, result: 'aapl' }],
  },
  {
    name: 'upperAscii',
    kind: 'method',
    form: 'text.upperAscii()',
    gives: 'text',
    meaning: 'a to z in upper case; other characters stay.',
    samples: [{ source: 'symbol.upperAscii()', fields: { symbol: 'aapl' }, result: 'AAPL' }],
  },
  {
    name: 'trim',
    kind: 'method',
    form: 'text.trim()',
    gives: 'text',
    meaning: 'The text without the white space at both ends.',
    samples: [{ source: 'symbol.trim()', fields: { symbol: ' AAPL ' }, result: 'AAPL' }],
  },
  {
    name: 'split',
    kind: 'method',
    form: 'text.split(separator)',
    gives: 'list',
    meaning: 'The parts between the separators.',
    samples: [{ source: 'symbol.split(":")[1]', fields: { symbol: 'BINANCE:BTCUSDT' }, result: 'BTCUSDT' }],
  },
  {
    name: 'substring',
    kind: 'method',
    form: 'text.substring(from), text.substring(from, to)',
    gives: 'text',
    meaning: 'The characters from one position, counted from 0, to before another.',
    samples: [{ source: 'symbol.substring(0, 2)', fields: { symbol: 'AAPL' }, result: 'AA' }],
  },
  {
    name: 'indexOf',
    kind: 'method',
    form: 'text.indexOf(text)',
    gives: 'integer',
    meaning: 'The position of the first occurrence, counted from 0; -1 when there is none.',
    samples: [{ source: 'symbol.indexOf(":")', fields: { symbol: 'BINANCE:BTCUSDT' }, result: 7 }],
  },
  {
    name: 'join',
    kind: 'method',
    form: 'list.join(separator)',
    gives: 'text',
    meaning: 'The texts of a list as one text.',
    samples: [{ source: 'conditions.join(",")', fields: { conditions: ['1', '8'] }, result: '1,8' }],
  },
];

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
