// The structure of what goes wrong in a test: JSON Schema (draft 7), as in `structure.ts`.

export const duration = { type: 'string', format: 'duration' } as const;

export const moment = {
  ...duration,
  default: '0ms',
  description: 'When, in virtual time after the topology is connected. Default: at once.',
  examples: ['500ms', '2s'],
} as const;

/** When something that lasts begins and ends. */
const lasting = {
  at: {
    ...moment,
    description: 'When it begins, in virtual time after the topology is connected. Default: at once.',
  },
  for: { ...duration, description: 'How long it lasts. Default: until the end of the run.', examples: ['10s'] },
} as const;

/** Some of what is done fails, always the same part of it. */
function failing(what: string, minimum: number, description: string) {
  const every = `One ${what} in so many fails: with 2 every second one.`;
  return {
    type: 'object',
    additionalProperties: false,
    required: ['every'],
    expected: 'a map such as { every: 2 }',
    description,
    properties: { every: { type: 'integer', minimum, description: every, examples: [2] } },
  } as const;
}

/** One of `faults`, by the key that tells what it happens to. */
export const faultSchemas = {
  sink: {
    type: 'object',
    additionalProperties: false,
    required: ['sink'],
    description:
      'What goes wrong at a sink, for the whole run unless it has a time: at least one of `fail`, `slow`, `refuse` and `lose_ack`.',
    properties: {
      sink: { type: 'string', minLength: 1, description: 'Name of a sink of the topology, or `dead_letters`.' },
      fail: failing('write', 2, 'Writes that fail before they store anything; they are tried again.'),
      slow: { ...duration, description: 'How long each write takes.', examples: ['2s'] },
      refuse: {
        type: 'string',
        format: 'expression',
        minLength: 1,
        description: 'CEL over the fields of a message: those for which it is true are never accepted.',
        examples: ['symbol == "AAPL"'],
      },
      lose_ack: {
        type: 'number',
        minimum: 0,
        maximum: 0.9,
        expected: 'a probability from 0 to 0.9, such as 0.1',
        description: 'Probability that a write is stored and its confirmation lost, so that it is tried again.',
        examples: [0.1],
      },
      ...lasting,
    },
  },
  lookup: {
    type: 'object',
    additionalProperties: false,
    required: ['lookup'],
    description:
      'What goes wrong at a table that operators ask, for the whole run unless it has a time: at least one of `fail` and `slow`.',
    properties: {
      lookup: { type: 'string', minLength: 1, description: 'Name of the connector of a table that operators ask.' },
      fail: failing('query', 1, 'Queries that fail: the table is unavailable.'),
      slow: { ...duration, description: 'How long each query takes.', examples: ['2s'] },
      ...lasting,
    },
  },
  source: {
    type: 'object',
    additionalProperties: false,
    required: ['source'],
    description: 'What goes wrong at the source.',
    properties: {
      source: {
        type: 'object',
        additionalProperties: false,
        required: ['cut'],
        expected: 'a map such as { cut: 3s }',
        description:
          'The connection is cut. A log is read on from the committed position; what a feed gives meanwhile is missed.',
        properties: { cut: { ...duration, description: 'How long.', examples: ['3s'] }, at: moment },
      },
    },
  },
  crash: {
    type: 'object',
    additionalProperties: false,
    required: ['crash'],
    description: 'The process is killed, and another one started on the same logs and tables.',
    properties: {
      crash: {
        type: 'object',
        additionalProperties: false,
        required: ['at'],
        expected: 'a map such as { at: 500ms }',
        description: 'The process is killed without a stop.',
        properties: { at: { ...duration, description: moment.description, examples: ['500ms'] } },
      },
    },
  },
  restore: {
    type: 'object',
    additionalProperties: false,
    required: ['restore'],
    description: 'The process is killed, a table restored from a backup, and another process started.',
    properties: {
      restore: {
        type: 'object',
        additionalProperties: false,
        required: ['sink', 'back', 'at'],
        description: 'A table is set back to what it was.',
        properties: {
          sink: { type: 'string', minLength: 1, description: 'Name of a sink of the topology that is a table.' },
          back: { ...duration, description: 'How old the backup is.', examples: ['10m'] },
          at: { ...duration, description: moment.description, examples: ['1h'] },
        },
      },
    },
  },
  clock: {
    type: 'object',
    additionalProperties: false,
    required: ['clock'],
    description: 'What happens to the wall clock.',
    properties: {
      clock: {
        type: 'object',
        additionalProperties: false,
        required: ['jump'],
        expected: 'a map such as { jump: -1h }',
        description: 'The wall clock is set.',
        properties: {
          jump: {
            type: 'string',
            pattern: '^-?\\d+(\\.\\d+)?(ms|s|m|h|d)$',
            expected: 'a duration such as 30s or -1h',
            description: 'By how much; with `-` backwards.',
            examples: ['-1h'],
          },
          at: moment,
        },
      },
    },
  },
} as const;
