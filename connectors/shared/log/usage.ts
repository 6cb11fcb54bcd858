import type { FromSchema } from 'json-schema-to-ts';
import type { SourceGuarantee } from '../../../src/kit/guarantee.ts';
import { durationMs, sizeBytes } from '../../../src/kit/units.ts';

/** The options of a topology that reads a log as a consumer group. */
export const logSourceUsage = {
  type: 'object',
  additionalProperties: false,
  required: ['group'],
  properties: {
    group: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description:
        'Consumer group. Its positions are stored; its members share the partitions or take over from each other.',
      examples: ['processor'],
    },
    from: {
      type: 'string',
      pattern:
        '^(earliest|latest|\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?([Zz]|[+-]\\d\\d:?\\d\\d))$',
      expected: '`earliest`, `latest`, or an RFC 3339 time such as 2025-11-20T14:30:00Z',
      default: 'earliest',
      description:
        'Where a group without a position starts: `earliest`, `latest`, or an RFC 3339 time (the first message that is not older).',
      examples: ['latest', '2025-11-20T14:30:00Z'],
    },
    warm_up: {
      anyOf: [
        { type: 'integer', minimum: 0, maximum: 1_000_000 },
        { type: 'string', format: 'duration' },
      ],
      default: 0,
      description:
        'What operators see again at the start, of each partition before its position. A number: so many messages. A duration: those that were received within it before the last one.',
      examples: [1000, '5m'],
    },
    batch: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 500,
      description: 'Maximum number of messages in a batch.',
    },
    batch_bytes: {
      type: 'string',
      format: 'size',
      default: '64KiB',
      description: 'Maximum size of a batch. A single message may be larger.',
    },
  },
} as const;

/** Which records before a position operators see again: the last ones, or those dated so many ms before the last one or later. */
export type WarmUp = { readonly by: 'count'; readonly count: number } | { readonly by: 'time'; readonly ms: number };

export interface LogUsage {
  readonly group: string;
  /** `earliest`, `latest`, or Unix ms. */
  readonly from: 'earliest' | 'latest' | number;
  readonly warmUp: WarmUp;
  readonly batch: number;
  readonly batchBytes: number;
}

/** A group reads again what it has not committed. */
export function logSourceGuarantee(usage: FromSchema<typeof logSourceUsage>): SourceGuarantee {
  const { warmUp } = readLogUsage(usage);
  return warmUp.by === 'time' ? { warmUpMs: warmUp.ms } : {};
}

/** Reads a usage that `logSourceUsage` has accepted. */
export function readLogUsage({
  group,
  from,
  warm_up,
  batch,
  batch_bytes,
}: FromSchema<typeof logSourceUsage>): LogUsage {
  return {
    group,
    from: from === 'earliest' || from === 'latest' ? from : Date.parse(from),
    warmUp: typeof warm_up === 'number' ? { by: 'count', count: warm_up } : { by: 'time', ms: durationMs(warm_up) },
    batch,
    batchBytes: sizeBytes(batch_bytes),
  };
}
