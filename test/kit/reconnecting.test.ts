import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import { onAbort } from '../../src/kit/clock.ts';
import { pushSource } from '../../src/kit/push-source.ts';
import { reconnecting } from '../../src/kit/reconnecting.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/index.ts';

type Connection = (opened: () => void, signal: AbortSignal, clock: VirtualClock) => Promise<unknown>;

/** A source whose connections, one after the other, are these; the last one for ever. */
function sourceOf(...connections: readonly Connection[]) {
  const clock = new VirtualClock();
  const role = roleContext(testEnvironment(clock));
  const started: number[] = [];
  const states: (readonly [state: string, reason: string | undefined])[] = [];
  const shown = role.node.is.bind(role.node);
  role.node.is = (state, reason, retryAt) => {
    states.push([state, reason]);
    shown(state, reason, retryAt);
  };
  const source = pushSource({
    ...{ name: 'feed', queue: { maxItems: 10, maxBytes: 1000, whenFull: 'drop_oldest' }, onDropped: () => {} },
    receive: (intake) =>
      reconnecting(role, intake, (opened) => {
        const at = Math.min(started.push(clock.monotonic()), connections.length) - 1;
        return (connections[at] as Connection)(opened, intake.signal, clock);
      }),
  });
  let error: unknown;
  source.lanes.subscribe({
    error: (thrown) => {
      error = thrown;
    },
  });
  return { clock, role, started, states, source, error: () => error };
}

/** Before there is a promise. */
const refused: Connection = () => {
  throw new Error('connection refused');
};
const open: Connection = (opened, signal) => {
  opened();
  return new Promise((resolve) => void onAbort(signal, () => resolve(undefined)));
};
const lastingFor =
  (ms: number): Connection =>
  async (opened, signal, clock) => {
    opened();
    await clock.sleep(ms, signal);
    return 'the server closed the connection';
  };

describe('reconnecting', () => {
  it('tries again without limit, and shows why only when it has lasted a while', async () => {
    const { clock, role, started, source } = sourceOf(refused);
    await clock.advance(2000);
    expect(started.length).toBeGreaterThan(2);
    expect(role.node.state).toBe('connecting');
    await clock.advance(60_000);
    expect([role.node.state, role.node.reason]).toEqual(['retrying', 'connection refused']);
    // Waits of up to 5 s: no busy loop.
    expect(started.length).toBeLessThan(60);
    await source.close();
    expect(clock.timers).toBe(0);
  });

  it('is ok from when a connection is opened, and says how one ended', async () => {
    const run = sourceOf(lastingFor(500), open);
    await run.clock.advance(499);
    expect(run.role.node.state).toBe('ok');
    await run.clock.advance(101);
    expect(run.states).toEqual([
      ['connecting', undefined],
      ['ok', undefined],
      ['retrying', 'the server closed the connection'],
      ['ok', undefined],
    ]);
    await run.source.close();
  });

  it('begins with short waits again after a connection that lasted', async () => {
    const failures = Array.from({ length: 12 }, () => refused);
    const run = sourceOf(...failures, lastingFor(10_000), open);
    await run.clock.advance(120_000);
    const [before = 0, after = 0] = run.started.slice(-2);
    expect(run.started).toHaveLength(14);
    expect(after - before - 10_000).toBeLessThanOrEqual(100);
    await run.source.close();
  });

  it('ends with what a person must fix, unless a connection was open before', async () => {
    const forbidden: Connection = async () => {
      throw new FdpError('FDP_REFUSED', 'feed: wrong key');
    };
    const first = sourceOf(forbidden);
    await first.clock.advance(10);
    expect(first.error()).toMatchObject({ message: 'feed: wrong key' });
    const later = sourceOf(lastingFor(10), forbidden, open);
    await later.clock.advance(60_000);
    expect([later.error(), later.started.length]).toEqual([undefined, 3]);
    await later.source.close();
  });
});
