import { FdpError } from '../src/errors.ts';
import { defineOperator } from '../src/kit/declaration.ts';
import { figures } from '../src/kit/figures.ts';
import { type Holder, holding, type Keeper } from '../src/kit/holding.ts';
import { KeyLanes } from '../src/kit/key-lanes.ts';
import type { Message } from '../src/kit/message.ts';
import type { OperatorContext } from '../src/kit/operator.ts';
import { RecencyMap } from '../src/kit/recency-map.ts';
import { compileTemplate, templateNames } from '../src/kit/template.ts';
import { Outcome } from '../src/kit/track.ts';
import { durationMs } from '../src/kit/units.ts';
import { checkTemplate } from './support/names.ts';

/**
 * `dedupe`: passes each key once. A key is remembered only after its message was delivered, so a failed one loses
 * nothing: while a message is in flight, later ones of its key wait. If it is delivered they are filtered; if it is
 * rejected or filtered further on, the next of them is passed on, in a batch of its own; if it is released, so
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
  state: ({ key }) => ({
    why: `which keys (${key}) were delivered is forgotten at a restart, so that one that comes again passes`,
    cure: 'end in a table with `unique` on that key, without this operator',
  }),
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
    const lanes = new KeyLanes(context);
    return holding(
      context,
      (keeper) => new DedupeLane({ context, keeper, lanes, keyOf, windowMs, maxKeys: options.max_keys }),
    );
  },
});

interface DedupeOptions {
  readonly context: OperatorContext;
  readonly keeper: Keeper;
  /** Shared by the lanes of an operator. */
  readonly lanes: KeyLanes;
  keyOf(message: Message): unknown;
  /** How far apart two timestamps of the same key may be, ms. */
  readonly windowMs: number;
  readonly maxKeys: number;
}

/** The state of `dedupe` for one lane. */
class DedupeLane implements Holder {
  readonly #options: DedupeOptions;
  /** Key to the timestamp of its delivered message, oldest first. */
  readonly #delivered = new RecencyMap<number>();
  /** Key to the messages that wait for the one under way. */
  readonly #underWay = new Map<string, Message[]>();

  constructor(options: DedupeOptions) {
    this.#options = options;
  }

  take(message: Message): void {
    const { keeper, lanes } = this.#options;
    const key = this.#keyOf(message);
    const waiting = this.#underWay.get(key);
    if (this.#isKnown(key, message)) keeper.filter(message);
    else if (waiting) {
      waiting.push(message);
      keeper.hold(message);
    } else {
      lanes.see(key, message.meta);
      this.#pass(key, message, []);
    }
  }

  #pass(key: string, message: Message, waiting: Message[]): void {
    this.#underWay.set(key, waiting);
    this.#options.keeper.pass(message, (outcome) => this.#ended(key, message, outcome));
  }

  /**
   * Passes on the next waiting message, unless the waiting ones are duplicates of a delivered one, or are read again.
   */
  #ended(key: string, { timestamp }: Message, outcome: Outcome): void {
    const { keeper } = this.#options;
    let waiting = this.#underWay.get(key) ?? [];
    this.#underWay.delete(key);
    if (outcome === Outcome.released) for (const twin of waiting.splice(0)) keeper.release(twin);
    if (outcome === Outcome.delivered) {
      this.#remember(key, timestamp);
      const twins = waiting.filter((message) => this.#isKnown(key, message));
      waiting = waiting.filter((message) => !this.#isKnown(key, message));
      for (const twin of twins) keeper.filter(twin);
    }
    const next = waiting.shift();
    if (next) this.#pass(key, next, waiting);
  }

  #keyOf(message: Message): string {
    const key = this.#options.keyOf(message);
    if (key === undefined || key === null)
      throw new FdpError('FDP_MESSAGE_INVALID', 'the message has no value for its key');
    return String(key);
  }

  #isKnown(key: string, { timestamp }: Message): boolean {
    const delivered = this.#delivered.get(key);
    return delivered !== undefined && Math.abs(timestamp - delivered) <= this.#options.windowMs;
  }

  #remember(key: string, timestamp: number): void {
    this.#delivered.use(key, timestamp);
    if (this.#delivered.size <= this.#options.maxKeys) return;
    this.#delivered.removeOldest();
    this.#options.context.node.count('evicted');
  }
}
