import { Subject, type Subscription } from 'rxjs';
import { expect } from 'vitest';
import { dedupe } from '../../operators/dedupe.ts';
import { type Batch, type Message, toMessage } from '../../src/kit/message.ts';
import type { Outcome } from '../../src/kit/track.ts';
import { operatorContext } from '../../src/testing/environment.ts';
import { isBalanced, sourceMessage, testLane } from '../support/engine/operators.ts';
import { optionsOf } from './declared.ts';

/** A dedupe in one lane whose downstream is in the test's hands. */
export class Bench {
  readonly context = operatorContext();
  readonly lane = testLane();
  readonly input = new Subject<Batch>();
  readonly batches: string[][] = [];
  readonly outcomes = new Map<string, Outcome>();
  completed = false;
  /** Ends a message as soon as it comes out; undefined: the test ends it. */
  atOnce: ((name: string) => Outcome | undefined) | undefined;
  readonly #open = new Map<string, Message>();
  readonly subscription: Subscription;

  constructor(options = '{ key: "{key}" }') {
    const output = this.input.pipe(dedupe.create(optionsOf(dedupe, options), this.context));
    this.subscription = output.subscribe({
      next: (batch) => this.#receive(batch),
      complete: () => (this.completed = true),
    });
  }

  /** Puts a batch in: each message is `key`, or `key:number` to distinguish duplicates. */
  put(names: readonly string[], more: { timestamp?: number; warmUp?: boolean } = {}): void {
    const messages = names.map((name) => {
      const key = name.split(':')[0] ?? null;
      const record = sourceMessage({ name }, { key: key === '' ? null : key, timestamp: more.timestamp ?? 0 });
      return toMessage(record, { ended: (outcome) => void this.outcomes.set(name, outcome) });
    });
    this.input.next({ lane: this.lane, messages, warmUp: more.warmUp ?? false });
    this.expectBalanced();
  }

  end(name: string, outcome: Outcome): void {
    const message = this.#open.get(name);
    if (!message) throw new Error(`${name} is not out`);
    this.#open.delete(name);
    message.track.end(outcome);
    this.expectBalanced();
  }

  get out(): string[] {
    return [...this.#open.keys()];
  }

  expectBalanced(): void {
    expect(isBalanced(this.context)).toBe(true);
  }

  #receive(batch: Batch): void {
    const names = batch.messages.map(({ value }) => (value as { name: string }).name);
    this.batches.push(names);
    batch.messages.forEach((message, index) => {
      const name = names[index] as string;
      const outcome = this.atOnce?.(name);
      if (outcome === undefined) this.#open.set(name, message);
      else message.track.end(outcome);
    });
  }
}
