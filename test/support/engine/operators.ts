import { from, lastValueFrom, toArray } from 'rxjs';
import type { OperatorDeclaration } from '../../../src/kit/declaration.ts';
import { type Batch, type LaneContext, type Message, type SourceMessage, toMessage } from '../../../src/kit/message.ts';
import type { OperatorContext } from '../../../src/kit/operator.ts';
import type { RequestContext } from '../../../src/kit/request.ts';
import { Outcome } from '../../../src/kit/track.ts';
import { operatorContext, type TestNode } from '../../../src/testing/environment.ts';

export interface OperatorRun {
  /** All messages in the output, with batches joined. */
  readonly out: readonly Message[];
  readonly batches: readonly Batch[];
  /** How each source message ended, by its index in the input; undefined while it is in flight. */
  readonly outcomes: readonly (Outcome | undefined)[];
  readonly context: OperatorContext & TestNode;
}

export function sourceMessage(value: unknown, more: Partial<SourceMessage> = {}): SourceMessage {
  return { key: null, value, timestamp: 0, meta: { lane: 'lane' }, ...more };
}

export function testLane(request?: RequestContext): LaneContext & { readonly abort: AbortController } {
  const abort = new AbortController();
  return { id: 'lane', signal: abort.signal, abort, ...(request ? { request } : {}) };
}

/**
 * Runs values through operators in one lane and ends all output as delivered. `batchEnds` has the indexes in `values`
 * (ascending) at which batches end, to show that the output does not depend on them; `record` gives the message at an
 * index its key and timestamp.
 */
export async function runOperators(
  operators: readonly (readonly [OperatorDeclaration, unknown])[],
  values: readonly unknown[],
  options: {
    batchEnds?: readonly number[];
    context?: OperatorContext & TestNode;
    lane?: LaneContext;
    record?: (index: number) => Partial<Pick<SourceMessage, 'key' | 'timestamp'>>;
  } = {},
): Promise<OperatorRun> {
  const context = options.context ?? operatorContext();
  const lane = options.lane ?? testLane();
  const outcomes: (Outcome | undefined)[] = values.map(() => undefined);
  const messages = values.map((value, offset) =>
    toMessage(
      sourceMessage(value, {
        meta: { lane: lane.id, topic: 'topic', partition: 0, offset },
        ...options.record?.(offset),
      }),
      {
        ended: (outcome) => {
          outcomes[offset] = outcome;
        },
      },
    ),
  );
  const edges = [0, ...(options.batchEnds ?? []), messages.length];
  const input = edges.slice(1).map((end, index): Batch => {
    return { lane, messages: messages.slice(edges[index], end), warmUp: false };
  });
  let stream = from(input).pipe();
  for (const [declaration, given] of operators) stream = stream.pipe(declaration.create(given, context));
  const batches = await lastValueFrom(stream.pipe(toArray()));
  const out = batches.flatMap((batch) => batch.messages);
  for (const message of out) message.track.end(Outcome.delivered);
  return { out, batches, outcomes, context };
}

/** `in + made = out + filtered + rejected + released + inFlight` of the context's node. */
export function isBalanced({ node }: TestNode): boolean {
  return node.in + node.made === node.out + node.filtered + node.rejected + node.released + node.inFlight;
}
