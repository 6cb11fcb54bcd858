import type { JSONSchema } from 'json-schema-to-ts';
import type { Usage } from '../../../src/kit/role.ts';
import { sizeBytes } from '../../../src/kit/units.ts';

/** Where a group begins that has no position yet. */
const from = {
  type: 'string',
  pattern: '^(earliest|latest|\\d{4}-\\d\\d-\\d\\d[Tt ]\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?([Zz]|[+-]\\d\\d:?\\d\\d))$',
  expected: '`earliest`, `latest`, or an RFC 3339 time such as 2025-11-20T14:30:00Z',
  default: 'earliest',
  description:
    'Where a group without a position begins: `earliest`, `latest`, or an RFC 3339 time (the first message not older).',
  examples: ['latest', '2025-11-20T14:30:00Z'],
} as const;

/** What a topology gives beside a log connector's name to read it as a consumer group. */
export const logSourceUsage = {
  type: 'object',
  additionalProperties: false,
  required: ['group'],
  properties: {
    group: {
      type: 'string',
      minLength: 1,
      maxLength: 200,
      description: 'Consumer group: its positions are kept, and its members share or take over the work.',
      examples: ['processor'],
    },
    from,
    warm_up: {
      type: 'integer',
      minimum: 0,
      maximum: 1_000_000,
      default: 0,
      description: 'Messages of each partition, before its position, that operators see again at the start.',
    },
    batch: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 500,
      description: 'Messages of a batch, at most.',
    },
    batch_bytes: {
      type: 'string',
      format: 'size',
      default: '64KiB',
      description: 'Bytes of a batch, at most; one message is always taken.',
    },
  },
} as const satisfies JSONSchema;

/** A log sink has no options at the place of use. */
export const noUsage = { type: 'object', additionalProperties: false, properties: {} } as const satisfies JSONSchema;

export interface LogUsage {
  readonly group: string;
  /** `earliest`, `latest`, or Unix ms. */
  readonly from: 'earliest' | 'latest' | number;
  readonly warmUp: number;
  readonly batch: number;
  readonly batchBytes: number;
}

/** Reads a usage that `logSourceUsage` has accepted; what is left out gets its default. */
export function readLogUsage(usage: Usage): LogUsage {
  const given = String(usage['from'] ?? from.default);
  return {
    group: String(usage['group']),
    from: given === 'earliest' || given === 'latest' ? given : Date.parse(given),
    warmUp: Number(usage['warm_up'] ?? 0),
    batch: Number(usage['batch'] ?? 500),
    batchBytes: sizeBytes(String(usage['batch_bytes'] ?? '64KiB')),
  };
}
