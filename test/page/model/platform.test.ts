import { describe, expect, it } from 'vitest';
import type { StatusEvent } from '../../../page/model/contract.ts';
import {
  barCalendar,
  feedProblem,
  noPlatform,
  overallTone,
  summary,
  unheard,
  vwapWindow,
  withStatus,
} from '../../../page/model/platform.ts';
import type { StatusReport } from '../../../src/kit/snapshot.ts';
import { nodeOf, reportOf, topologyOf } from '../reports.ts';

function after(...received: readonly (readonly StatusReport[] | StatusEvent)[]) {
  return received.reduce((platform, reports, index) => {
    const event = 'processes' in reports ? reports : { at: index * 1000, processes: reports };
    return withStatus(platform, event);
  }, noPlatform);
}

const sick = nodeOf('trades', { kind: 'sink', state: 'retrying', reason: 'the store is away' });

describe('platform', () => {
  it('adds up a topology over its processes, and takes the worst state', () => {
    const first = topologyOf('processor', {
      read: 10,
      lag: 3,
      nodes: [nodeOf('explode', { in: 10, extra: { keys: 2 } })],
    });
    const second = topologyOf('processor', {
      ...{ state: 'failed', reason: 'no rights', read: 5, lag: 4 },
      nodes: [nodeOf('explode', { in: 5, state: 'failed', extra: { keys: 1 } })],
    });
    const { topologies, processes } = after([reportOf([first]), reportOf([second], { pid: 2 })]);
    expect(processes).toBe(2);
    expect(topologies).toHaveLength(1);
    expect(topologies[0]).toMatchObject({ state: 'failed', tone: 'bad', read: 15, lag: 7, reasons: ['no rights'] });
    expect(topologies[0]?.nodes[0]).toMatchObject({ in: 15, state: 'failed', extra: { keys: 3 } });
  });

  it('shows no lag for a standby, and none if it is unknown', () => {
    const standby = topologyOf('processor', { state: 'standby', lag: 100 });
    const running = topologyOf('processor', { lag: 1 });
    const both = after([reportOf([standby]), reportOf([running, topologyOf('api')], { pid: 2 })]);
    expect(both.topologies.map(({ name, lag, state }) => [name, lag, state])).toEqual([
      ['processor', 1, 'running'],
      ['api', undefined, 'running'],
    ]);
  });

  it('gives rates per second over the last reports', () => {
    const reports = (read: number, at: number) => [
      reportOf([topologyOf('ingestor', { read, nodes: [nodeOf('split', { in: read, out: 2 * read })] })], { at }),
    ];
    const { topologies } = after(reports(0, 0), reports(50, 1000), reports(150, 2000));
    expect(topologies[0]?.readPerSecond).toBe(75);
    expect(topologies[0]?.nodes[0]).toMatchObject({ inPerSecond: 75, outPerSecond: 150 });
  });

  it('ignores a report that it has seen before', () => {
    const reports = (read: number, at: number) => [reportOf([topologyOf('ingestor', { read })], { at })];
    const again = Array.from({ length: 10 }, () => reports(50, 1000));
    expect(after(reports(0, 0), ...again).topologies[0]?.readPerSecond).toBe(50);
  });

  it('is bad while something that a node needs is unavailable, and good afterwards', () => {
    const away = topologyOf('processor', { ready: false, reason: 'trades: the store is away', nodes: [sick] });
    const well = topologyOf('processor', { nodes: [nodeOf('trades', { kind: 'sink' })] });
    expect(after([reportOf([away])]).topologies[0]).toMatchObject({
      tone: 'bad',
      reasons: ['trades: the store is away'],
    });
    expect(after([reportOf([away])], [reportOf([well], { at: 1000 })]).topologies[0]).toMatchObject({
      tone: 'good',
      reasons: [],
    });
  });

  it('waits for the first connection before it calls it bad', () => {
    const starting = topologyOf('ingestor', {
      state: 'starting',
      nodes: [nodeOf('mock', { kind: 'source', state: 'connecting' })],
    });
    expect(after([reportOf([starting])]).topologies[0]?.tone).toBe('wait');
  });

  it('shows that a process is silent before it is forgotten', () => {
    const silent = { at: 6000, processes: [reportOf([topologyOf('ingestor')], { at: 1000 })] };
    expect(after(silent).topologies[0]).toMatchObject({ tone: 'bad', reasons: [expect.stringContaining('silent')] });
  });

  it('keeps a topology that no process runs any more as gone, in its position, until a process runs it again', () => {
    const both = [reportOf([topologyOf('ingestor'), topologyOf('api')])];
    const api = [reportOf([topologyOf('api')], { at: 1000 })];
    const left = after(both, api);
    expect(left.topologies.map(({ name, state, tone }) => [name, state, tone])).toEqual([
      ['ingestor', 'gone', 'bad'],
      ['api', 'running', 'good'],
    ]);
    expect(left.topologies[0]?.reasons[0]).toContain('fdp --topology ingestor');
    expect(after(both, api, both).topologies.map(({ state }) => state)).toEqual(['running', 'running']);
  });

  it('does not call a topology gone while it can not see the other processes', () => {
    const both = [reportOf([topologyOf('ingestor')]), reportOf([topologyOf('api')], { pid: 2 })];
    const blind = {
      at: 1000,
      processes: [reportOf([topologyOf('api')], { pid: 2, at: 1000 })],
      error: 'the table is away',
    };
    const platform = after(both, blind);
    expect(platform.error).toBe('the table is away');
    expect(platform.topologies.map(({ state }) => state)).toEqual(['unknown', 'running']);
    expect(summary(platform)).toBe('The state of ingestor is unknown');
    expect(overallTone(platform)).toBe('wait');
  });

  it('summarizes the state in one sentence', () => {
    expect(summary(noPlatform)).toBe('Nothing runs yet');
    expect(summary(after([reportOf([topologyOf('api')])]))).toBe('The topology is healthy');
    const some = [reportOf([topologyOf('api'), topologyOf('processor', { state: 'held', reason: 'refused' })])];
    expect(summary(after(some))).toBe('processor needs attention: refused');
    expect(summary(after([reportOf([topologyOf('api'), topologyOf('analytics', { state: 'draining' })])]))).toBe(
      'analytics is starting or reconnecting',
    );
  });

  it('reports no state while there is no connection', () => {
    const well = after([reportOf([topologyOf('api'), topologyOf('processor')])]);
    expect([summary(well), overallTone(well)]).toEqual(['All 2 topologies are healthy', 'good']);
    const lost = unheard(well);
    expect([summary(lost), overallTone(lost)]).toEqual(['Disconnected: the state of the platform is unknown', 'bad']);
    expect(lost.topologies.map(({ state, tone, readPerSecond }) => [state, tone, readPerSecond])).toEqual([
      ['unknown', 'off', undefined],
      ['unknown', 'off', undefined],
    ]);
    const back = withStatus(lost, { at: 5000, processes: [reportOf([topologyOf('api')], { at: 5000 })] });
    expect([back.isHeard, summary(back)]).toEqual([true, 'processor needs attention']);
  });

  it('reports why no prices arrive, if the topology that sends them to the page knows', () => {
    const http = nodeOf('http', { kind: 'sink', type: 'rest' });
    const refused = topologyOf('live', {
      reason: 'the lines of the feed are refused',
      nodes: [{ ...http, state: 'retrying', reason: 'the lines of the feed are refused' }],
    });
    expect(feedProblem(after([reportOf([refused])]))).toBe('the lines of the feed are refused');
    expect(summary(after([reportOf([refused])]))).toBe('live needs attention: the lines of the feed are refused');
    expect(feedProblem(after([reportOf([topologyOf('live', { nodes: [http] })])]))).toBeUndefined();
  });

  it('finds the number of trades in the VWAP, unless there are two answers', () => {
    const analytics = topologyOf('analytics', { nodes: [nodeOf('vwap')] });
    const options = { vwap: { window: 50, by: 'symbol' } };
    expect(vwapWindow(after([reportOf([analytics], { options })]))).toBe(50);
    expect(vwapWindow(after([reportOf([topologyOf('api')])]))).toBeUndefined();
    const other = reportOf([{ ...analytics, name: 'simulation' }], { pid: 2, options: { vwap: { window: 20 } } });
    expect(vwapWindow(after([reportOf([analytics], { options }), other]))).toBeUndefined();
  });

  it('finds the calendar of the bars, if there is one answer and it can be read', () => {
    const candles = topologyOf('candles', { nodes: [nodeOf('candles', { type: 'candles' })] });
    const named = (calendar: unknown) => reportOf([candles], { options: { candles: { calendar } } });
    expect(barCalendar(after([named('XNYS')]))).toBe('XNYS');
    expect(barCalendar(after([named('/etc/mine.yml')]))).toBeUndefined();
    expect(barCalendar(after([named(undefined)]))).toBeUndefined();
    expect(barCalendar(after([reportOf([topologyOf('api')])]))).toBeUndefined();
  });

  it('keeps nothing of processes that have ended', () => {
    const received = Array.from({ length: 50 }, (_unused, pid) => [reportOf([topologyOf('api')], { pid, at: pid })]);
    expect(after(...received).history.size).toBe(1);
  });
});
