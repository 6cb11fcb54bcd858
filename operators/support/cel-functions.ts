// Functions of CEL that messages need, those of fdp first.

/** An expression, the fields of the message that it is evaluated for, and its result. */
interface Sample {
  readonly source: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly result: unknown;
}

export interface Documented {
  /** As it is called: `size(x)`, `text.matches(pattern)`, `a && b`. */
  readonly form: string;
  readonly gives: string;
  readonly meaning: string;
  readonly samples: readonly Sample[];
}

export interface CelFunction extends Documented {
  readonly name: string;
  /** A function is called by itself; a method is called on a value. */
  readonly kind: 'function' | 'method';
}

export const functions: readonly CelFunction[] = [
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
];
