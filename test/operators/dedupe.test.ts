import fc from 'fast-check';
import { Subject } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { dedupe } from '../../operators/dedupe.ts';
import { type Batch, type Message, toMessage } from '../../src/kit/message.ts';
import { Outcome } from '../../src/kit/track.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { check, optionsOf } from './declared.ts';
import { Bench } from './dedupe-bench.ts';

const { filtered, delivered, rejected, released } = Outcome;

describe('dedupe', () => {
  it('filters a key that was delivered', () => {
    const bench = new Bench();
    bench.put(['a', 'b']);
    bench.end('a', delivered);
    bench.put(['a:2', 'c']);
    expect(bench.batches).toEqual([['a', 'b'], ['c']]);
    expect(bench.outcomes.get('a:2')).toBe(filtered);
  });

  it('holds the twins of a key under way, and filters them when it is delivered', () => {
    const bench = new Bench();
    bench.put(['a:1', 'a:2', 'b']);
    bench.put(['a:3']);
    expect(bench.batches).toEqual([['a:1', 'b'], []]);
    expect(bench.context.node.inFlight).toBe(2);
    bench.end('a:1', delivered);
    expect([...bench.outcomes]).toEqual([
      ['a:1', delivered],
      ['a:2', filtered],
      ['a:3', filtered],
    ]);
    expect(bench.context.node.inFlight).toBe(0);
  });

  it.each([rejected, filtered])('lets the next twin take the place of one that ended as %i', (outcome) => {
    const bench = new Bench();
    bench.put(['a:1', 'a:2', 'a:3']);
    bench.end('a:1', outcome);
    expect(bench.batches).toEqual([['a:1'], ['a:2']]);
    bench.end('a:2', delivered);
    expect([...bench.outcomes]).toEqual([
      ['a:1', outcome],
      ['a:2', delivered],
      ['a:3', filtered],
    ]);
  });

  it('releases the twins of one that was released', () => {
    const bench = new Bench();
    bench.put(['a:1', 'a:2', 'b']);
    bench.end('a:1', released);
    expect([...bench.outcomes]).toEqual([
      ['a:1', released],
      ['a:2', released],
    ]);
    bench.end('b', delivered);
  });

  it('releases what it holds when the lane is revoked', () => {
    const bench = new Bench();
    bench.put(['a:1', 'a:2', 'b']);
    bench.lane.abort.abort();
    expect([...bench.outcomes]).toEqual([['a:2', released]]);
    bench.end('a:1', delivered);
    bench.put(['a:3']);
    expect(bench.out).toEqual(['b', 'a:3']);
    bench.input.complete();
    expect(bench.completed).toBe(true);
  });

  it('releases what it holds when it is unsubscribed', () => {
    const bench = new Bench();
    bench.put(['a:1', 'a:2']);
    bench.subscription.unsubscribe();
    expect([...bench.outcomes]).toEqual([['a:2', released]]);
    bench.expectBalanced();
  });

  it('completes only when no twin is held', () => {
    const bench = new Bench();
    bench.put(['a:1', 'a:2']);
    bench.input.complete();
    expect(bench.completed).toBe(false);
    bench.end('a:1', rejected);
    expect(bench.completed).toBe(true);
    bench.end('a:2', delivered);
    expect(bench.outcomes.get('a:2')).toBe(delivered);
  });

  it('waits for every message that was made of one', () => {
    const bench = new Bench();
    const made: Message[] = [];
    bench.atOnce = () => undefined;
    const output = dedupe.create(optionsOf(dedupe, '{ key: "{key}" }'), bench.context);
    const input = new Subject<Batch>();
    input.pipe(output).subscribe(({ messages }) => {
      for (const message of messages) {
        message.track.fork(1);
        made.push(message, message);
      }
    });
    const twin = (offset: number) => toMessage(sourceMessage({ offset }, { key: 'a' }), { ended: () => {} });
    input.next({ lane: bench.lane, messages: [twin(0), twin(1)], warmUp: false });
    made[0]?.track.end(delivered);
    expect(bench.context.node.inFlight).toBe(1);
    made[1]?.track.end(rejected);
    expect(bench.context.node.inFlight).toBe(0);
    expect(made.length).toBe(4);
  });

  it('puts a twin behind the batch that is just going out, also when its message ends at once', () => {
    const bench = new Bench();
    const tries = new Set<string>();
    bench.atOnce = (name) => {
      tries.add(name);
      return name.startsWith('a') && tries.size < 3 ? rejected : delivered;
    };
    bench.put(['a:1', 'a:2', 'a:3', 'b', 'a:4']);
    expect(bench.batches).toEqual([['a:1', 'b'], ['a:2']]);
    expect([...bench.outcomes]).toEqual([
      ['a:1', rejected],
      ['b', delivered],
      ['a:2', delivered],
      ['a:3', filtered],
      ['a:4', filtered],
    ]);
  });

  it('survives a long row of twins that all fail at once', () => {
    const bench = new Bench();
    bench.atOnce = () => rejected;
    const names = Array.from({ length: 20_000 }, (_, index) => `a:${index}`);
    bench.put(names);
    expect([...bench.outcomes.keys()]).toEqual(names);
    expect(bench.batches.length).toBe(20_000);
  });

  it('distinguishes messages that are further apart than its window', () => {
    const bench = new Bench('{ key: "{key}", window: 10s }');
    bench.put(['a:1'], { timestamp: 0 });
    bench.put(['a:2'], { timestamp: 10_000 });
    bench.put(['a:3'], { timestamp: 10_001 });
    bench.end('a:1', delivered);
    expect(bench.out).toEqual(['a:3']);
    bench.end('a:3', delivered);
    bench.put(['a:4'], { timestamp: 20_001 });
    expect([...bench.outcomes]).toEqual([
      ['a:1', delivered],
      ['a:2', filtered],
      ['a:3', delivered],
      ['a:4', filtered],
    ]);
  });

  it('remembers the latest keys only, and counts what it forgets', () => {
    const bench = new Bench('{ key: "{key}", max_keys: 2 }');
    bench.atOnce = () => delivered;
    bench.put(['a', 'b', 'c', 'a:2', 'c:2']);
    expect(bench.batches).toEqual([['a', 'b', 'c']]);
    bench.put(['a:3', 'c:3']);
    expect(bench.batches[1]).toEqual(['a:3']);
    expect(bench.context.node.extra).toEqual({ evicted: 2 });
  });

  it('passes warm-up messages through, and remembers nothing of them', () => {
    const bench = new Bench();
    bench.atOnce = () => delivered;
    bench.put(['a', 'a:2'], { warmUp: true });
    bench.put(['a:3']);
    expect(bench.batches).toEqual([['a', 'a:2'], ['a:3']]);
    expect(bench.context.node.in).toBe(1);
  });

  it('rejects a message without a key', () => {
    const bench = new Bench();
    bench.put(['', 'a']);
    expect(bench.batches).toEqual([['a']]);
    expect(bench.context.rejections.map(({ code }) => code)).toEqual(['FDP_MESSAGE_INVALID']);
  });

  it('finds names that no message has', () => {
    expect(check(dedupe, '{ key: "{symbl}-{offset}" }', { symbol: 'any' }).problems).toEqual([
      'key: there is no field symbl | did you mean symbol?',
    ]);
    expect(check(dedupe, '{ key: always }', undefined).problems).toEqual([
      'key: every message would get the same key | use names in braces, such as {symbol}-{time}',
    ]);
  });

  it('delivers each key at most once, and loses none that could be delivered, whatever fails and in whatever order', () => {
    const step = fc.oneof(
      fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 5 }).map((put) => ({ put })),
      fc.record({ end: fc.nat(), outcome: fc.constantFrom(delivered, delivered, rejected, filtered) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const bench = new Bench();
        let count = 0;
        const put: string[] = [];
        for (const one of steps) {
          if ('put' in one) {
            const names = one.put.map((key) => `${key}:${count++}`);
            put.push(...names);
            bench.put(names);
          } else if (bench.out.length > 0) {
            bench.end(bench.out[one.end % bench.out.length] as string, one.outcome);
          }
          const keys = bench.out.map((name) => name[0]);
          expect(new Set(keys).size).toBe(keys.length);
        }
        bench.input.complete();
        while (bench.out.length > 0) bench.end(bench.out[0] as string, delivered);
        expect([...bench.outcomes.keys()].sort()).toEqual([...put].sort());
        for (const key of ['a', 'b', 'c']) {
          const ends = put.filter((name) => name.startsWith(key)).map((name) => bench.outcomes.get(name));
          expect(ends.filter((end) => end === delivered).length).toBeLessThanOrEqual(1);
          // The last one of a key is only let go after another was delivered, or when it failed itself.
          if (ends.length > 0 && !ends.includes(delivered))
            expect(bench.batches.flat().filter((name) => name.startsWith(key)).length).toBe(ends.length);
        }
        expect(bench.completed).toBe(true);
        expect(bench.context.node.inFlight).toBe(0);
      }),
    );
  });
});
