import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedQueue, type QueueOptions, queueBounds, type WhenFull } from '../../src/kit/queue.ts';

const never = new AbortController().signal;

function queueOf(whenFull: WhenFull, more: Partial<QueueOptions> = {}) {
  const seen = { dropped: 0, pauses: [] as boolean[] };
  const queue = new BoundedQueue<string>({
    maxItems: 4,
    maxBytes: 1000,
    whenFull,
    onDropped: (count) => {
      seen.dropped += count;
    },
    onPaused: (paused) => void seen.pauses.push(paused),
    ...more,
  });
  return { queue, seen };
}

async function rest(queue: BoundedQueue<string>): Promise<string[]> {
  queue.close();
  const items: string[] = [];
  for (;;) {
    const taken = await queue.take(3, never);
    if (!taken) return items;
    items.push(...taken.items);
  }
}

describe('bounded queue', () => {
  it('gives items in order, at most as many as asked for, and undefined after close', async () => {
    const { queue } = queueOf('pause');
    for (const item of ['a', 'b', 'c']) queue.push(item, 1);
    expect(await queue.take(2, never)).toEqual({ items: ['a', 'b'], bytes: 2 });
    queue.close();
    expect(await queue.take(2, never)).toEqual({ items: ['c'], bytes: 1 });
    expect(await queue.take(2, never)).toBeUndefined();
  });

  it('wakes a reader that waits: by an item, by close, by its signal', async () => {
    const { queue } = queueOf('pause');
    const first = queue.take(1, never);
    queue.push('a', 1);
    expect(await first).toEqual({ items: ['a'], bytes: 1 });
    const abort = new AbortController();
    const second = queue.take(1, abort.signal);
    abort.abort();
    expect(await second).toBeUndefined();
    const third = queue.take(1, never);
    queue.close();
    expect(await third).toBeUndefined();
  });

  it('gives what it holds first even when the signal has aborted', async () => {
    const { queue } = queueOf('pause');
    queue.push('a', 1);
    expect(await queue.take(1, AbortSignal.abort())).toEqual({ items: ['a'], bytes: 1 });
    expect(await queue.take(1, AbortSignal.abort())).toBeUndefined();
  });

  it('ends a take at its byte limit, and gives a larger item alone', async () => {
    const { queue } = queueOf('pause', { takeBytes: 10 });
    queue.push('large', 50);
    queue.push('b', 6);
    queue.push('c', 6);
    expect((await queue.take(9, never))?.items).toEqual(['large']);
    expect((await queue.take(9, never))?.items).toEqual(['b']);
    expect((await queue.take(9, never))?.items).toEqual(['c']);
  });

  it('drops the oldest, counted, by items and by bytes', async () => {
    const { queue, seen } = queueOf('drop_oldest');
    for (const item of 'abcdef') queue.push(item, 1);
    expect(seen.dropped).toBe(2);
    expect(queue.push('large', 999)).toBe(true);
    expect(seen.dropped).toBe(5);
    expect(queue.push('too large', 1001)).toBe(false);
    expect(seen.dropped).toBe(6);
    expect(await rest(queue)).toEqual(['f', 'large']);
  });

  it('keeps the latest of each key in its place while it conflates', async () => {
    const { queue, seen } = queueOf('conflate');
    for (const item of ['a1', 'b1', 'a2', 'b2', 'a3', 'c1', 'a4', 'd1', 'b3']) queue.push(item, 1, item[0]);
    expect(seen.dropped).toBe(5);
    expect(await rest(queue)).toEqual(['b3', 'a4', 'c1', 'd1']);
  });

  it('does not take a key that was read for one that waits', async () => {
    const { queue } = queueOf('conflate');
    for (const item of ['a1', 'b1', 'c1', 'd1', 'a2']) queue.push(item, 1, item[0]);
    expect((await queue.take(1, never))?.items).toEqual(['b1']);
    queue.push('b2', 1, 'b');
    expect(await rest(queue)).toEqual(['c1', 'd1', 'a2', 'b2']);
  });

  it('drops the oldest key when there are more keys than room, and ends to conflate when half empty', async () => {
    const { queue, seen } = queueOf('conflate');
    for (const key of 'abcde') queue.push(`${key}1`, 1, key);
    expect(seen.dropped).toBe(1);
    expect((await queue.take(2, never))?.items).toEqual(['b1', 'c1']);
    queue.push('e2', 1, 'e');
    expect(await rest(queue)).toEqual(['d1', 'e1', 'e2']);
  });

  it('asks the producer to pause when full and to continue when half empty, and drops nothing', async () => {
    const { queue, seen } = queueOf('pause');
    for (const item of 'abcde') queue.push(item, 1);
    expect(queue.paused).toBe(true);
    await queue.take(2, never);
    expect(seen.pauses).toEqual([true]);
    await queue.take(1, never);
    expect(seen.pauses).toEqual([true, false]);
    expect(queue.paused).toBe(false);
    expect(seen.dropped).toBe(0);
    expect(await rest(queue)).toEqual(['d', 'e']);
  });

  it('counts what is pushed after close', () => {
    const { queue, seen } = queueOf('pause');
    queue.close();
    expect(queue.push('late', 1)).toBe(false);
    expect(seen.dropped).toBe(1);
  });

  it('stays within its bounds, accounts for every item and keeps the order of each key', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ key: fc.constantFrom('a', 'b', 'c', 'd', undefined), bytes: fc.nat(40) }) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) },
    );
    const policy = fc.constantFrom<WhenFull>('drop_oldest', 'conflate', 'pause');
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 200 }), policy, async (steps, whenFull) => {
        let dropped = 0;
        const queue = new BoundedQueue<{ key: string | undefined; index: number; bytes: number }>({
          maxItems: 6,
          maxBytes: 100,
          whenFull,
          onDropped: (count) => {
            dropped += count;
          },
        });
        const out: { key: string | undefined; index: number; bytes: number }[] = [];
        let pushed = 0;
        for (const what of steps) {
          if (typeof what === 'number') {
            if (queue.size === 0) continue;
            const taken = await queue.take(what, never);
            expect(taken?.bytes).toBe(taken?.items.reduce((sum, item) => sum + item.bytes, 0));
            out.push(...(taken?.items ?? []));
          } else {
            if (queue.paused) continue;
            queue.push({ ...what, index: pushed++ }, what.bytes, what.key);
          }
          expect(queue.size).toBeLessThanOrEqual(6);
          expect(queue.bytes).toBeLessThanOrEqual(whenFull === 'pause' ? 140 : 100);
          expect(out.length + dropped + queue.size).toBe(pushed);
        }
        queue.close();
        for (let taken = await queue.take(9, never); taken; taken = await queue.take(9, never))
          out.push(...taken.items);
        expect(queue.bytes).toBe(0);
        const last = new Map<string | undefined, number>();
        for (const { key, index } of out) {
          expect(index).toBeGreaterThan(last.get(key) ?? -1);
          last.set(key, index);
        }
      }),
    );
  });
});

describe('queue option', () => {
  it('becomes bounds', () => {
    expect(queueBounds({ messages: 5, size: '1KiB', when_full: 'conflate' })).toEqual({
      maxItems: 5,
      maxBytes: 1024,
      whenFull: 'conflate',
    });
  });
});
