import { defineOperator, durationMs, figures, scan } from '../src/kit/index.ts';

/** `throttle`: one message of each key per interval, by the messages' timestamps; the others are filtered. */
export const throttle = defineOperator({
  type: 'throttle',
  summary: 'Lets one message of each key pass per interval.',
  options: {
    type: 'object',
    description: 'How often a message of a key may pass.',
    additionalProperties: false,
    required: ['every'],
    properties: {
      every: {
        type: 'string',
        format: 'duration',
        description: 'Least time between two messages of a key, by their timestamps.',
        examples: ['1s'],
      },
      max_keys: {
        type: 'integer',
        minimum: 1,
        default: 10_000,
        description: 'Keys remembered in each lane; of more, the one unused for longest is forgotten.',
      },
    },
  },
  figures: { evicted: figures.evicted, split_keys: figures.split_keys },
  state: ({ every }) => ({
    why: 'which keys have passed is forgotten at a restart, so that another of the interval may pass',
    ms: durationMs(every),
  }),
  example: 'throttle: { every: 1s }',
  shape: (_options, input) => input,
  create({ every, max_keys }, context) {
    const everyMs = durationMs(every);
    return scan(context, {
      maxKeys: max_keys,
      key: ({ key }) => key ?? '',
      seed: () => ({ passedAt: Number.NEGATIVE_INFINITY }),
      step(state, message) {
        if (message.timestamp - state.passedAt < everyMs) return [];
        state.passedAt = message.timestamp;
        return [message];
      },
    });
  },
});
