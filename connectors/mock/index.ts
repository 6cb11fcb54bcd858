import { defineConnector, noUsage } from '../../src/kit/declaration.ts';
import { figures } from '../../src/kit/figures.ts';
import { feedMessages } from '../../src/kit/message-schemas.ts';
import { durationMs, ratePerSecond } from '../../src/kit/units.ts';
import { Absences } from './absences.ts';

/**
 * A simulated market: the same seed gives the same trades, byte for byte, on every machine. Each topology
 * that reads it gets the whole market from its beginning. It can't replay: after a restart it begins again. With `away` it
 * misses trades as a feed does whose connection is lost.
 */
export const mock = defineConnector({
  type: 'mock',
  summary: 'A seeded mock market: frames of trades as Finnhub sends them.',
  twin: 'messages',
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
      away: {
        type: 'object',
        additionalProperties: false,
        required: ['every', 'for'],
        description:
          "To see gaps without a real feed: once in each period of `every` the feed is away `for` so long, at a moment that depends on the seed; the trades of that time are missed. What no process received after a stop or a kill is a gap, too, unless event time is not the clock's (`start`, `rate: max`). Default: never away, and no gaps.",
        examples: [{ every: '10m', for: '12s' }],
        properties: {
          every: { type: 'string', format: 'duration', description: 'One absence in each period of this length.' },
          for: { type: 'string', format: 'duration', description: 'Length of an absence, shorter than `every`.' },
        },
      },
    },
  },
  figures: { gap_ms: figures.gap_ms, gaps: figures.gaps, open_gaps: figures.open_gaps },
  source: {
    options: noUsage,
    messages: feedMessages,
    guarantee: () => ({
      loses: {
        why: 'what was under way when the process ended is not given again',
        cure: 'read from the log that it is written to',
      },
    }),
  },
  check(options, report) {
    if (ratePerSecond(options.rate) === 0) report(['rate'], 'expected more than 0 trades per second', 'write 1/h');
    if (!options.away) return;
    const [everyMs, forMs] = [durationMs(options.away.every), durationMs(options.away.for)];
    if (forMs < 1 || forMs >= everyMs) report(['away', 'for'], 'expected at least 1ms, and less than `every`');
  },
  async create(options, context) {
    const [{ seededFaker }, { mockSource }, { Line }] = await Promise.all([
      import('./faker.ts'),
      import('./source.ts'),
      import('./line.ts'),
    ]);
    const { name } = context;
    const { symbols, seed, start, away } = options;
    const tradesPerSecond = ratePerSecond(options.rate);
    const isLive = start === undefined && Number.isFinite(tradesPerSecond);
    return {
      source: (_usage, role) => {
        const times = away && { everyMs: durationMs(away.every), forMs: durationMs(away.for) };
        const absences = times && new Absences(seededFaker(seed), times);
        return mockSource({
          ...{ clock: role.clock, node: role.node, lane: name, faker: seededFaker(seed), symbols, tradesPerSecond },
          limit: options.limit ?? Number.POSITIVE_INFINITY,
          startMs: start === undefined ? undefined : Date.parse(start),
          line: absences && new Line({ ...role, name, symbols, isLive, absences }),
        });
      },
      close: async () => {},
    };
  },
});
