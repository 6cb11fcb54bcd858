import type { FromSchema } from 'json-schema-to-ts';
import { type DataKind, dataFields, readData } from './data-file.ts';

/** What a conditions file holds. */
const conditionsSchema = {
  type: 'object',
  description: 'What trades of each condition count for.',
  additionalProperties: false,
  required: ['name', 'source', 'codes'],
  properties: {
    ...dataFields,
    codes: {
      type: 'object',
      minProperties: 1,
      description: 'The conditions, by the code that a trade has.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'counts'],
        properties: {
          name: { type: 'string', description: 'What the condition is.' },
          counts: {
            type: 'array',
            uniqueItems: true,
            items: { enum: ['price', 'range', 'volume'] },
            description:
              'What a trade of this condition counts for: the last price (price), the highest and lowest price (range), the volume. Empty: nothing.',
          },
        },
      },
    },
  },
} as const;

type ConditionsData = FromSchema<typeof conditionsSchema>;

/** What a trade counts for. */
export interface Counts {
  /** For the last price, and the first. */
  readonly price: boolean;
  /** For the highest and the lowest price. */
  readonly range: boolean;
  readonly volume: boolean;
}

/** What trades of a condition count for, by its code. */
export type Conditions = ReadonlyMap<string, Counts>;

const conditions: DataKind<ConditionsData> = {
  what: 'set of conditions',
  folder: 'conditions',
  schema: conditionsSchema,
  check: () => {},
};

/**
 * The conditions of that name, or of a file.
 *
 * @param source `us-equities`, or the absolute path of a file
 * @throws FDP_SPEC_INVALID when there are none, or their file is wrong: with the line of each mistake
 */
export function readConditions(source: string): Conditions {
  const { codes } = readData(conditions, source);
  return new Map(
    Object.entries(codes).map(([code, { counts }]) => [
      code,
      { price: counts.includes('price'), range: counts.includes('range'), volume: counts.includes('volume') },
    ]),
  );
}
