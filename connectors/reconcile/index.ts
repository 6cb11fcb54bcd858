import { Cron } from 'croner';
import { errorText } from '../../src/errors.ts';
import { defineConnector, noUsage } from '../../src/kit/declaration.ts';
import { counter, gauge } from '../../src/kit/figures.ts';

/**
 * Compares the tables that count with what they counted, on a schedule, while everything runs: `fdp reconcile` as a source.
 * Each difference is a message: `table`, `key`, `fields` (`stored` and `recomputed` of each), `cause`, `repaired`, `left`.
 */
export const reconcile = defineConnector({
  type: 'reconcile',
  summary: 'Compares the tables that count with what they counted, on a schedule: a message for each difference.',
  twin: 'messages',
  options: {
    type: 'object',
    additionalProperties: false,
    properties: {
      tables: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        minItems: 1,
        uniqueItems: true,
        description: 'The tables to compare. Default: all that topologies of this pipeline fill with counts or bars.',
        examples: [['symbols']],
      },
      every: {
        type: 'string',
        format: 'duration',
        description:
          'From the beginning of one comparison to the beginning of the next; the first begins at the start.',
        examples: ['1h'],
      },
      cron: {
        type: 'string',
        minLength: 1,
        description: 'In place of `every`: when a comparison begins, as minute, hour, day, month and weekday.',
        examples: ['30 3 * * *'],
      },
      zone: {
        type: 'string',
        default: 'UTC',
        description: 'Time zone of `cron`.',
        examples: ['America/New_York'],
      },
      repair: {
        type: 'boolean',
        default: false,
        description: 'Correct what differs. No count that arrives meanwhile is lost.',
      },
    },
  },
  example: 'differences: { type: reconcile, every: 1h }',
  figures: {
    differences: counter('differences', 'Rows that differed from what they counted.'),
    repaired: counter('repaired_rows', 'Rows that differed and were corrected.'),
    differences_left: gauge('differences_left', 'Rows that differed and were not corrected, in the last comparison.'),
  },
  source: {
    options: noUsage,
    guarantee: () => ({ loses: { why: 'a difference is a message once for each comparison that finds it' } }),
  },
  check({ every, cron, zone }, report) {
    if ((every === undefined) === (cron === undefined))
      report([], 'expected either `every` or `cron`', 'write every: 1h');
    if (cron === undefined) return;
    try {
      if (!new Cron(cron, { paused: true, timezone: zone }).nextRun()) report(['cron'], `"${cron}" never comes`);
    } catch (error) {
      report(['cron'], `expected minute, hour, day, month and weekday, got "${cron}": ${errorText(error)}`);
    }
  },
  async create(options, { name }) {
    const { ReconcileSource } = await import('./source.ts');
    return { source: (_usage, context) => new ReconcileSource(name, options, context), close: async () => {} };
  },
});
