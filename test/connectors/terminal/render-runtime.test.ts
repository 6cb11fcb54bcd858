import { describe, expect, it } from 'vitest';
import { render } from '../../../connectors/terminal/render.ts';
import { RuntimeRates } from '../../../connectors/terminal/runtime.ts';
import { stateOf, textOf } from '../../support/cli/dashboard.ts';
import { processSnapshot, topologySnapshot } from '../../support/engine/snapshots.ts';
import { market, node } from './screens.ts';

describe('the screen of the runtime', () => {
  const startedAt = processSnapshot(0, []).at;
  const report = (at: number, read: number, out: number) => ({
    pipeline: 'platform',
    process: processSnapshot(at, [
      topologySnapshot('processor', {
        ...{ read, delivered: out, inFlight: 3, lag: 1234, rejected: 2 },
        nodes: [
          node('ticks', 'source', { in: read, out: read, extra: { reconnects: 1 } }),
          node('trades', 'sink', { in: out, out }),
        ],
      }),
    ]),
  });

  it('shows a row per process, topology and node, with rates between two polls', () => {
    const rates = new RuntimeRates();
    rates.rows([report(1000, 100, 90)], startedAt + 1000);
    const runtime = { rows: rates.rows([report(3000, 300, 100)], startedAt + 3000), problem: undefined };
    const lines = textOf(render(stateOf(market, { runtime, choice: { screen: 'runtime' } }), 120, 24)).map((line) =>
      line.trimEnd(),
    );
    expect(lines[3]).toMatch(/^topology +state +in\/s +out\/s +in flight +lag +p99 +retries +rejected +reconnects$/);
    expect(lines[4]).toMatch(/^● host {2}pid 1 {2}platform {2}fdp 0\.1\.0 {2}up 0 min {2}ready$/);
    expect(lines[5]).toMatch(/^ {2}● processor +running +100\.0 +5\.0 +3 +1 234 +0 +2 +1 +█$/);
    expect(lines[6]).toMatch(/^ {4}ticks +100\.0 +100\.0 +0 +0 +0 +1 +█$/);
    expect(lines[7]).toMatch(/^ {4}trades +5\.0 +5\.0 +0 +0 +0 +█$/);
  });

  it('shows the gaps of a feed, and whether one is open, if there are any', () => {
    const extra = { gaps: 3, gap_ms: 12_000, open_gaps: 1 };
    const process = processSnapshot(0, [
      topologySnapshot('ingestor', { nodes: [node('feed', 'source', { extra }), node('ticks', 'sink')] }),
      topologySnapshot('processor', { nodes: [node('ticks', 'source')] }),
    ]);
    const rows = new RuntimeRates().rows([{ pipeline: 'platform', process }], process.at);
    const state = stateOf(market, { runtime: { rows, problem: undefined }, choice: { screen: 'runtime' } });
    const lines = textOf(render(state, 130, 24)).map((line) => line.trimEnd());
    expect(lines.find((line) => line.startsWith('topology'))).toMatch(/ reconnects +gaps$/);
    expect(lines.filter((line) => / 3 away$/.test(line)).map((line) => /\w+/.exec(line)?.[0])).toEqual([
      ...['ingestor', 'feed'],
    ]);
  });

  it('collapses what does not fit, except unhealthy nodes', () => {
    const nodes = [node('ticks', 'source'), node('vwap', 'operator'), node('trades', 'sink', { state: 'retrying' })];
    const topologies = ['one', 'two', 'three', 'four'].map((name) => topologySnapshot(name, { nodes }));
    const process = processSnapshot(0, topologies);
    const rows = new RuntimeRates().rows([{ pipeline: 'platform', process }], process.at);
    const state = stateOf(market, { runtime: { rows, problem: undefined }, choice: { screen: 'runtime' } });
    expect(
      textOf(render(state, 80, 30))
        .join('\n')
        .match(/ vwap /g),
    ).toHaveLength(4);
    const small = textOf(render(state, 80, 14)).join('\n');
    expect(small).not.toContain(' vwap ');
    expect(small.match(/ trades /g)).toHaveLength(4);
    for (const { name } of topologies) expect(small).toContain(`● ${name} +2`);
  });

  it('shows nothing as ready that no longer reports', () => {
    const [process, topology, row] = new RuntimeRates().rows([report(1000, 100, 90)], startedAt + 7000);
    expect(process).toMatchObject({ isWell: false, state: 'silent for 6 s: is it still running?' });
    expect([topology, row]).toMatchObject([
      { isWell: false, state: 'unknown', inRate: undefined, inFlight: undefined },
      { isWell: false, state: 'unknown' },
    ]);
  });

  it('shows no rate for a counter that was reset, and forgets processes that have ended', () => {
    const rates = new RuntimeRates();
    rates.rows([report(1000, 100, 90)], startedAt + 1000);
    expect(rates.rows([report(2000, 5, 5)], startedAt + 2000)[1]?.inRate).toBe(0);
    expect(rates.rows([], startedAt)).toEqual([]);
    expect(rates.rows([report(3000, 500, 5)], startedAt + 3000)[1]?.inRate).toBeUndefined();
  });

  it('finds a node by its name, below its process and topology', () => {
    const runtime = { rows: new RuntimeRates().rows([report(1000, 1, 1)], startedAt + 1000), problem: undefined };
    const lines = textOf(render(stateOf(market, { runtime, choice: { screen: 'runtime', filter: 'trades' } }), 80, 12));
    expect(lines.slice(4, 8).map((line) => line.trim().split(' ')[0])).toEqual(['●', '●', 'trades', '']);
  });

  it('explains why it shows only this process', () => {
    const runtime = { rows: [], problem: 'the status table is away' };
    expect(textOf(render(stateOf(market, { runtime, choice: { screen: 'runtime' } }), 80, 24))[3]).toContain(
      '! the status table is away',
    );
  });
});
