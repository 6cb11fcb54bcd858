import { describe, expect, it } from 'vitest';
import { Changes } from '../../../../connectors/shared/log/changes.ts';

const never = new AbortController().signal;

/** Whether a promise has resolved once every other one that could go on did. */
async function hasEnded(work: Promise<void>): Promise<boolean> {
  let ended = false;
  void work.then(() => {
    ended = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  return ended;
}

describe('changes of a log', () => {
  it('wakes readers of that partition, and no others', async () => {
    const changes = new Changes();
    const [one, two] = ['1/0', '1/1'].map((name) => changes.since(name, changes.version(name), never));
    changes.tell('1/0');
    expect([await hasEnded(one as Promise<void>), await hasEnded(two as Promise<void>)]).toEqual([true, false]);
    expect(changes.isAwaited).toBe(true);
  });

  it('wakes all when it is not known where something has changed', async () => {
    const changes = new Changes();
    const waiting = ['1/0', '1/1'].map((name) => changes.since(name, changes.version(name), never));
    changes.tell();
    expect(await Promise.all(waiting.map(hasEnded))).toEqual([true, true]);
    expect(changes.isAwaited).toBe(false);
  });

  it('does not wait for records since the version was taken, of that partition or of any', async () => {
    const changes = new Changes();
    for (const change of ['1/0', undefined]) {
      const version = changes.version('1/0');
      changes.tell(change);
      expect(await hasEnded(changes.since('1/0', version, never))).toBe(true);
    }
    const version = changes.version('1/0');
    changes.tell('1/1');
    expect(await hasEnded(changes.since('1/0', version, never))).toBe(false);
  });

  it('ends when its signal aborts', async () => {
    const changes = new Changes();
    const stop = new AbortController();
    const waiting = changes.since('1/0', changes.version('1/0'), stop.signal);
    stop.abort();
    expect(await hasEnded(waiting)).toBe(true);
    expect(changes.isAwaited).toBe(false);
  });
});
