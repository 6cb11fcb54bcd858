import { defineConnector, noUsage } from '../../src/kit/declaration.ts';
import { ratePerSecond } from '../../src/kit/units.ts';

/**
 * A simulated market: the same seed gives the same trades, byte for byte, on every machine. Each topology
 * that reads it gets the whole market from its beginning. It can't replay: after a restart it begins again.
 */
export const mock = defineConnector({
  type: 'mock',
  summary: 'A seeded mock market: frames of trades as Finnhub sends them.',
  example: 'mock: { type: mock, symbols: [AAPL, MSFT], rate: 50/s, seed: 42 }',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['symbols'],
    properties: {
      symbols: {
        type: 'array',
        items: { type: 'string', minLength: 1, maxLength: 40 },
        minItems: 1,
        uniqueItems: true,
        description: 'Symbols to trade, the most active first.',
        examples: [['AAPL', 'MSFT']],
      },
      rate: {
        type: 'string',
        format: 'rate',
        default: '50/s',
        description:
          'Trades per second over all symbols. `max` is as fast as the pipeline reads; event time then advances by 1 ms per trade.',
        examples: ['50/s', '600/m', 'max'],
      },
      seed: { type: 'integer', minimum: 0, default: 42, description: 'The same seed gives the same trades.' },
      limit: {
        type: 'integer',
        minimum: 1,
        description: 'Number of trades after which the source ends. Default: it never ends.',
        examples: [10_000],
      },
      start: {
        type: 'string',
        format: 'date-time',
        description: 'Event time of the first trade, RFC 3339. Default: the time of the start.',
        examples: ['2025-11-20T14:30:00Z'],
      },
    },
  },
  source: { options: noUsage },
  check(options, report) {
    if (ratePerSecond(options.rate) === 0) report(['rate'], 'expected more than 0 trades per second', 'write 1/h');
  },
  async create(options, context) {
    const [{ seededFaker }, { mockSource }] = await Promise.all([import('./faker.ts'), import('./source.ts')]);
    return {
      source: (_usage, role) =>
        mockSource({
          clock: role.clock,
          node: role.node,
          lane: context.name,
          faker: seededFaker(options.seed),
          symbols: options.symbols,
          tradesPerSecond: ratePerSecond(options.rate),
          limit: options.limit ?? Number.POSITIVE_INFINITY,
          startMs: options.start === undefined ? undefined : Date.parse(options.start),
        }),
      close: async () => {},
    };
  },
});
