import { Observable } from 'rxjs';
import { defineOperator } from '../src/kit/declaration.ts';
import { figures } from '../src/kit/figures.ts';
import { KeyLanes } from '../src/kit/key-lanes.ts';
import { compileTemplate, templateNames } from '../src/kit/template.ts';
import { durationMs } from '../src/kit/units.ts';
import { DedupeLane } from './support/dedupe-lane.ts';
import { checkTemplate } from './support/names.ts';

/**
 * `dedupe`: lets each key through once. A key is remembered only when its message was delivered, so a failed one loses
 * nothing: later messages of a key that is under way wait, and when it is delivered they are filtered; when it is
 * rejected or filtered further on, the next of them takes its place, in a batch of its own; when it is released, so
 * are they. State per lane: at most `max_keys` keys, and the messages in flight.
 */
export const dedupe = defineOperator({
  type: 'dedupe',
  summary: 'Drops messages whose key was delivered before.',
  options: {
    type: 'object',
    description: 'What makes two messages the same, and how long that is remembered.',
    additionalProperties: false,
    required: ['key'],
    properties: {
      key: {
        type: 'string',
        minLength: 1,
        description:
          'Text with `{name}` for topic, partition, offset, index and key of the message, or for a field of its value. A message that lacks one is rejected.',
        examples: ['{symbol}-{time}'],
      },
      max_keys: {
        type: 'integer',
        minimum: 1,
        default: 100_000,
        description:
          'Maximum number of delivered keys per lane. Beyond it the oldest key is forgotten and counted as evicted.',
      },
      window: {
        type: 'string',
        format: 'duration',
        description:
          'Maximum distance between the timestamps of two messages with the same key that count as the same. Default: no limit.',
        examples: ['10m'],
      },
    },
  },
  figures: { evicted: figures.evicted, split_keys: figures.split_keys },
  example: 'dedupe: { key: "{symbol}-{time}", max_keys: 100000, window: 10m }',
  shape({ key }, input, report) {
    if (templateNames(key).length === 0)
      report(['key'], 'every message would get the same key', 'use names in braces, such as {symbol}-{time}');
    checkTemplate({ input, report, path: ['key'] }, key);
    return input;
  },
  create(options, context) {
    const keyOf = compileTemplate(options.key);
    const windowMs = options.window === undefined ? Number.POSITIVE_INFINITY : durationMs(options.window);
    const { node } = context;
    const lanes = new KeyLanes(context);
    return (batches) =>
      new Observable((subscriber) => {
        const lane = new DedupeLane({ node, lanes, keyOf, windowMs, maxKeys: options.max_keys, subscriber });
        subscriber.add(() => lane.release());
        subscriber.add(
          batches.subscribe({
            next: (batch) => lane.take(batch),
            error: (error) => subscriber.error(error),
            complete: () => lane.inputEnded(),
          }),
        );
      });
  },
});
