import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { PlainSink } from '../../../connectors/terminal/plain-sink.ts';
import type { Frame } from '../../../connectors/terminal/render.ts';
import type { ScreenOptions } from '../../../connectors/terminal/screen.ts';
import { TerminalSink } from '../../../connectors/terminal/sink.ts';
import type { Platform } from '../../../src/kit/environment.ts';
import { toMessage } from '../../../src/kit/message.ts';
import type { StatusReport } from '../../../src/kit/snapshot.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { textOf } from '../../support/cli/dashboard.ts';
import { sourceMessage } from '../../support/engine/operators.ts';
import { processSnapshot, topologySnapshot } from '../../support/engine/snapshots.ts';

const messages = (...values: readonly unknown[]) => values.map((value) => toMessage(sourceMessage(value), undefined));
/** A sink on virtual time with a screen that records its frames. */
function sinkOn(reports?: () => Promise<readonly StatusReport[]>) {
  const clock = new VirtualClock();
  const frames: Frame[] = [];
  const seen = { stops: 0, interrupts: 0, closed: 0, opened: 0 };
  const snapshot = () => processSnapshot(clock.monotonic(), [topologySnapshot('test')]);
  const platform: Platform = {
    snapshot,
    report: () => ({ pipeline: 'here', process: snapshot(), topologies: {} }),
    stop: () => void seen.stops++,
    ...(reports && { reports }),
  };
  const context = { ...roleContext(testEnvironment(clock)), platform };
  let listener: Pick<ScreenOptions, 'onKey' | 'onResize' | 'onGone'> | undefined;
  const sink = new TerminalSink(context, {
    maxSymbols: 10,
    interrupt: () => void seen.interrupts++,
    openScreen: (given) => {
      listener = given;
      seen.opened++;
      return {
        ...{ width: 80, height: 24, repaint: () => {} },
        paint: (frame) => void frames.push(frame),
        close: () => void seen.closed++,
      };
    },
  });
  return {
    ...{ clock, frames, seen, sink, node: context.node },
    write: (...values: readonly unknown[]) => sink.write(messages(...values)),
    press: (key: string) => listener?.onKey(key),
    gone: () => listener?.onGone(),
    text: () => textOf(frames.at(-1) ?? { lines: [] }).join('\n'),
  };
}

describe('terminal', () => {
  it('paints at most five times per second, however much arrives', async () => {
    const { clock, frames, sink, write } = sinkOn();
    await sink.connect();
    await clock.advance(1000);
    const before = frames.length;
    for (let step = 0; step < 10_000; step++) {
      await write({ symbol: 'A', price: step });
      if (step % 10 === 9) await clock.advance(10);
    }
    expect(frames.length - before).toBeGreaterThan(40);
    expect(frames.length - before).toBeLessThanOrEqual(51);
    await sink.close();
  });

  it('paints once per second when nothing arrives, to update the ages', async () => {
    const { clock, frames, sink } = sinkOn();
    await sink.connect();
    await clock.advance(1000);
    const before = frames.length;
    await clock.advance(10_000);
    expect(frames.length - before).toBe(10);
    await sink.close();
  });

  it('answers a key at once, with everything received until then', async () => {
    const { clock, sink, write, press, text } = sinkOn();
    await sink.connect();
    await write({ symbol: 'A', price: 1 }, { symbol: 'B', price: 2 });
    await clock.advance(1000);
    expect(text()).toContain('> A');
    press('j');
    await clock.advance(40);
    expect(text()).toContain('> B');
    await sink.close();
  });

  it('counts unreadable messages, and fails none', async () => {
    const { clock, node, sink, write, text } = sinkOn();
    await sink.connect();
    expect(await write(undefined, null, 7, { symbol: 'A' }, { symbol: 'A', price: 1 })).toEqual({});
    await clock.advance(1000);
    expect(node.extra['skipped_lines']).toBe(4);
    expect(text()).toContain('4 skipped');
    await sink.close();
  });

  it('does not change while paused', async () => {
    const { clock, sink, write, press, text } = sinkOn();
    await sink.connect();
    await write({ symbol: 'A', price: 1 });
    await clock.advance(1000);
    press('p');
    await clock.advance(1000);
    const [, , ...before] = text().split('\n');
    await write({ symbol: 'A', price: 2 }, { symbol: 'B', price: 2 });
    await clock.advance(60_000);
    const [header, , ...after] = text().split('\n');
    expect(header).toContain('paused, 2 lines passed by');
    expect(after).toEqual(before);
    press('p');
    await write({ symbol: 'A', price: 3 });
    await clock.advance(1000);
    expect(text()).toMatch(/A +▲ 3\.00/);
    await sink.close();
  });

  it('reports the delay from a trade to the screen', async () => {
    const { clock, sink, write, text } = sinkOn();
    await sink.connect();
    await clock.advance(1000);
    await write({ symbol: 'A', price: 1, time: clock.now() - 300 });
    await clock.advance(200);
    expect(text()).toMatch(/delay (3|4)\d\d ms|delay 500 ms/);
    await sink.close();
  });

  it.each([
    [undefined, 'the pipeline has no status table'],
    [async () => [], 'no process has reported'],
    [() => Promise.reject(new Error('nobody answers there')), 'the status table is unavailable: nobody answers there'],
  ])('shows only this process when it can not read about others', async (reports, why) => {
    const { clock, sink, press, text } = sinkOn(reports);
    await sink.connect();
    press('2');
    await clock.advance(1000);
    expect(text()).toContain(`! only this process: ${why}`);
    expect(text()).toContain('● test');
    await sink.close();
  });

  it('queries the processes once per second while they are shown, and never twice at a time', async () => {
    let asked = 0;
    let answer = (_reports: readonly StatusReport[]) => {};
    const { clock, sink, press } = sinkOn(() => {
      asked++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    await sink.connect();
    await clock.advance(5000);
    expect(asked).toBe(0);
    press('2');
    await clock.advance(5000);
    expect(asked).toBe(1);
    answer([]);
    await clock.advance(1000);
    expect(asked).toBe(2);
    await sink.close();
  });

  it('stops the platform on q and when the terminal is lost; Ctrl-C works as usual', async () => {
    const { sink, press, gone, seen } = sinkOn();
    await sink.connect();
    press('q');
    gone();
    press('/');
    press('q');
    press('C-c');
    expect(seen).toMatchObject({ stops: 2, interrupts: 1 });
    await sink.close();
  });

  it('restores the terminal once, leaves no timer, and can be closed before it was connected', async () => {
    const { clock, sink, seen } = sinkOn();
    await sink.connect();
    await sink.connect();
    await sink.close();
    await sink.close();
    expect({ ...seen, timers: clock.timers }).toMatchObject({ opened: 1, closed: 1, timers: 0 });
    await sinkOn().sink.close();
  });
});

describe('terminal without a screen', () => {
  it('ends the topology with one line when its reader closes the output', async () => {
    const stream = new Writable({ write: (_chunk, _encoding, done) => done(new Error('write EPIPE')) });
    const sink = new PlainSink(roleContext(testEnvironment(new VirtualClock())), { name: 'screen', stream });
    await sink.connect();
    await expect(sink.write(messages({ symbol: 'A', price: 1 }), new AbortController().signal)).rejects.toMatchObject({
      code: 'FDP_CLOSED',
      fault: 'fatal',
    });
  });
});
