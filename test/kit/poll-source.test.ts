import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { type PolledMessage, type PollSourceOptions, pollSource } from '../../src/kit/poll-source.ts';
import { Proven } from '../../src/kit/proven.ts';
import type { Lane, Reading } from '../../src/kit/source.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';

const never = new AbortController().signal;

/** A source that polls once a second; `asked` has the time of each poll, ms since the start. */
function sourceOf(
  poll: (time: number, signal: AbortSignal) => Promise<readonly PolledMessage[]>,
  options: Partial<PollSourceOptions> = {},
) {
  const clock = new VirtualClock();
  const context = roleContext(testEnvironment(clock));
  const asked: number[] = [];
  const source = pollSource(context, {
    name: 'api',
    everyMs: 1000,
    poll: (signal) => {
      asked.push(clock.monotonic());
      return poll(asked.length - 1, signal);
    },
    ...options,
  });
  const lanes: Lane[] = [];
  const subscription = source.lanes.subscribe((lane) => lanes.push(lane));
  const read = (signal = never): Promise<Reading | undefined> => lanes[0]?.read(signal) ?? Promise.reject();
  return { clock, node: context.node, source, subscription, asked, lanes, read };
}

const nothing = async () => [];

describe('poll source', () => {
  it('gives what a poll finds, dated by the poll unless it has a time of its own', async () => {
    const found = [{ value: { a: 1 } }, { value: 'é', key: 'k', timestamp: 5, raw: 'raw' }];
    const { clock, node, read } = sourceOf(async () => found);
    expect(await clock.until(read())).toEqual({
      bytes: 10,
      messages: [
        { key: null, value: { a: 1 }, timestamp: clock.now(), meta: { lane: 'api' } },
        { ...found[1], meta: { lane: 'api' } },
      ],
    });
    expect(node.state).toBe('ok');
  });

  it('polls every interval, from the beginning of one poll to that of the next', async () => {
    const { clock, asked, read } = sourceOf(async () => {
      await clock.sleep(300);
      return [];
    });
    void read();
    await clock.advance(3500);
    expect(asked).toEqual([0, 1000, 2000, 3000]);
  });

  it('never polls twice at a time: one that takes longer is followed at once', async () => {
    let running = 0;
    const { clock, asked, read } = sourceOf(async () => {
      expect(++running).toBe(1);
      await clock.sleep(2500);
      running--;
      return [];
    });
    void read();
    await clock.advance(8000);
    expect(asked).toEqual([0, 2500, 5000, 7500]);
  });

  it('does not poll while it is not read', async () => {
    const { clock, asked, read } = sourceOf(async () => [{ value: 1 }]);
    await clock.until(read());
    await clock.advance(10_000);
    expect(asked).toEqual([0]);
    await clock.until(read());
    expect(asked).toEqual([0, 10_000]);
  });

  it('waits longer after each failure, shows why, and continues as before once it works again', async () => {
    let isAway = true;
    const { clock, node, asked, read } = sourceOf(async () => {
      if (isAway) throw new Error('away');
      return [];
    });
    void read();
    await clock.advance(300_000);
    const waits = asked.slice(1).map((at, index) => at - (asked[index] ?? 0));
    expect(Math.max(...waits.slice(0, 3))).toBeLessThanOrEqual(400);
    expect(Math.max(...waits)).toBeGreaterThan(5000);
    expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
    expect(node).toMatchObject({ state: 'retrying', reason: 'away', retries: asked.length });
    isAway = false;
    await clock.advance(30_000);
    expect(node.state).toBe('ok');
    const before = asked.length;
    await clock.advance(10_000);
    expect(asked.length).toBe(before + 10);
  });

  it('waits as long as the error names', async () => {
    const busy = new FdpError('FDP_UNAVAILABLE', 'api: too many requests', { fault: 'throttled', waitMs: 7000 });
    const { clock, asked, read } = sourceOf((time) => (time === 0 ? Promise.reject(busy) : nothing()));
    void read();
    await clock.advance(7500);
    expect(asked).toEqual([0, 7000]);
  });

  it('waits for the interval when a throttling error names no time', async () => {
    const busy = new FdpError('FDP_UNAVAILABLE', 'api: too many requests', { fault: 'throttled' });
    const { clock, asked, read } = sourceOf((time) => (time === 0 ? Promise.reject(busy) : nothing()));
    void read();
    await clock.advance(1500);
    expect(asked).toEqual([0, 1000]);
  });

  it('gives up a poll that never answers', async () => {
    const { clock, node, read } = sourceOf(() => new Promise(() => {}), { timeoutMs: 2000 });
    void read();
    await clock.advance(2000);
    expect(node).toMatchObject({ state: 'retrying', reason: 'api: no answer within 2000 ms' });
  });

  it('dies of what a person must fix', async () => {
    const { clock, read } = sourceOf(() => Promise.reject(new FdpError('FDP_REFUSED', 'api: the key is wrong')));
    await expect(clock.until(read())).rejects.toMatchObject({ code: 'FDP_REFUSED' });
  });

  it('waits for what a person must fix once a poll has worked, in this source or in one before it', async () => {
    const refused = () => Promise.reject(new FdpError('FDP_REFUSED', 'api: the key is wrong'));
    const proven = new Proven();
    const { clock, node, read } = sourceOf((time) => (time === 0 ? nothing() : refused()), { proven });
    void read();
    await clock.advance(1500);
    expect(node.state).toBe('retrying');
    expect(node.reason).toMatch(/^api: the key is wrong \(it worked before/);
    const restarted = sourceOf(refused, { proven });
    void restarted.read();
    await restarted.clock.advance(500);
    expect(restarted.node.state).toBe('retrying');
  });

  it.each(['its signal', 'the unsubscription', 'close'])('ends a read that waits, and the poll, by %s', async (how) => {
    let given: AbortSignal | undefined;
    const { clock, source, subscription, read } = sourceOf((_time, signal) => {
      given = signal;
      return new Promise(() => {});
    });
    const stop = new AbortController();
    const reading = read(stop.signal);
    await clock.advance(1);
    if (how === 'its signal') stop.abort();
    else if (how === 'close') await source.close();
    else subscription.unsubscribe();
    expect(await reading).toBeUndefined();
    expect(given?.aborted).toBe(true);
    expect(clock.timers).toBe(0);
  });
});
