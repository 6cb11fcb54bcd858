import assert from 'node:assert/strict';
import { type OperatorFunction, Subject } from 'rxjs';
import type { OperatorDeclaration } from '../kit/declaration.ts';
import type { Lookup } from '../kit/lookup.ts';
import { type Batch, type LaneContext, type Message, type SourceMessage, toMessage } from '../kit/message.ts';
import type { OperatorContext } from '../kit/operator.ts';
import type { RequestContext } from '../kit/request.ts';
import { Outcome } from '../kit/track.ts';
import type { VirtualClock } from '../simulate/virtual-clock.ts';
import { type Bench, inTime } from './check.ts';
import { operatorContext, type TestNode, testEnvironment } from './environment.ts';

/** An operator, and messages of all kinds that it distinguishes. */
export interface OperatorWorld {
  readonly declaration: OperatorDeclaration;
  /** Validated, defaults filled in. */
  readonly options: unknown;
  /** The messages of a lane, in order; the timestamp of each is its index. */
  readonly messages: readonly Pick<SourceMessage, 'value' | 'key'>[];
  /** Indexes of those that it rejects; none unless given. */
  readonly rejected?: readonly number[];
  /** The connectors that it looks rows up in, by name. */
  readonly lookups?: Readonly<Record<string, Pick<Lookup, 'find'>>>;
  /** For an operator of routes: a request, of which the messages are one batch. */
  readonly request?: () => RequestContext;
}

/** An operator on a virtual clock. */
export type OperatorBench = OperatorWorld & Bench & { readonly clock: VirtualClock };

export interface Made {
  readonly operator: OperatorFunction<Batch, Batch>;
  readonly context: OperatorContext & TestNode;
}

/** The operator as a topology makes it, with its context. */
export function create({ declaration, options, lookups = {}, clock }: OperatorBench): Made {
  const lookup = (name: string): Pick<Lookup, 'find'> => {
    const found = lookups[name];
    assert.ok(found, `the contract gives the operator no lookup "${name}"`);
    return found;
  };
  const context = { ...operatorContext(testEnvironment(clock)), lookup };
  return { operator: declaration.create(options, context), context };
}

/** Items in batches of these sizes, repeated as often as needed. */
export function splitBySizes<T>(items: readonly T[], sizes: readonly number[]): T[][] {
  const batches: T[][] = [];
  for (let start = 0; start < items.length; start += batches.at(-1)?.length ?? 1)
    batches.push(items.slice(start, start + Math.max(1, sizes[batches.length % sizes.length] ?? 1)));
  return batches;
}

/** One lane through an operator; its output ends as `outcome`, or stays in flight (`none`). */
export class TestLane {
  readonly abort = new AbortController();
  readonly batches: Batch[] = [];
  readonly #bench: OperatorBench;
  readonly #input = new Subject<Batch>();
  readonly #lane: LaneContext;
  readonly #outcomes: (Outcome | undefined)[] = [];
  readonly #subscription: { unsubscribe(): void };
  readonly #completed: Promise<void>;

  constructor(bench: OperatorBench, { operator }: Made, id: string, outcome: Outcome | 'none' = Outcome.delivered) {
    this.#bench = bench;
    const { request } = bench;
    this.#lane = { id, signal: this.abort.signal, ...(request ? { request: request() } : {}) };
    const { promise, resolve, reject } = deferred();
    this.#completed = promise;
    this.#subscription = this.#input.pipe(operator).subscribe({
      next: (batch) => {
        this.batches.push(batch);
        if (outcome !== 'none' && !batch.warmUp) for (const { track } of batch.messages) track.end(outcome);
      },
      error: reject,
      complete: resolve,
    });
  }

  get out(): readonly Message[] {
    return this.batches.flatMap(({ messages }) => messages);
  }

  get values(): readonly object[] {
    return this.out.map(({ key, value, track, meta }) => ({ key, value, from: track.meta.offset, index: meta.index }));
  }

  /** Indexes of the messages that have not ended. */
  get open(): number[] {
    return [...this.#outcomes.keys()].filter((index) => this.#outcomes[index] === undefined);
  }

  endedAs(outcome: Outcome): number[] {
    return [...this.#outcomes.keys()].filter((index) => this.#outcomes[index] === outcome);
  }

  async putAll(sizes: readonly number[]): Promise<void> {
    for (const batch of splitBySizes(this.#bench.messages, sizes)) await this.put(batch);
  }

  /** Leaves the next messages out: they take their offsets, and do not come. */
  skip(count: number): void {
    for (let left = count; left > 0; left--) this.#outcomes.push(Outcome.released);
  }

  async put(given: readonly Pick<SourceMessage, 'value' | 'key'>[], warmUp = false): Promise<void> {
    const messages = given.map(({ key, value }) => {
      const offset = this.#outcomes.push(undefined) - 1;
      const meta = { lane: this.#lane.id, topic: 'topic', partition: 0, offset };
      const ended = (outcome: Outcome) => {
        assert.equal(this.#outcomes[offset], undefined, `message ${offset} ended twice`);
        this.#outcomes[offset] = outcome;
      };
      return toMessage({ key, value, timestamp: offset, meta }, { ended });
    });
    this.#input.next({ lane: this.#lane, messages, warmUp });
    await this.#bench.clock.settle();
  }

  async complete(): Promise<void> {
    this.#input.complete();
    await inTime(this.#bench, 'the output after the end of the input', this.#completed);
  }

  unsubscribe(): void {
    this.#subscription.unsubscribe();
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let [resolve, reject] = [() => {}, (_error: unknown) => {}];
  const promise = new Promise<void>((onResolve, onReject) => {
    [resolve, reject] = [onResolve, onReject];
  });
  return { promise, resolve, reject };
}
