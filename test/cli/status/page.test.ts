import { describe, expect, it } from 'vitest';
import { rangesOf, statusPage } from '../../../src/cli/status/page.ts';
import { statusSummary } from '../../../src/cli/status/summary.ts';
import type { NodeSnapshot, StatusReport } from '../../../src/kit/snapshot.ts';
import { processSnapshot, topologySnapshot } from '../../support/engine/snapshots.ts';

function node(name: string, more: Partial<NodeSnapshot> = {}): NodeSnapshot {
  return {
    ...{ name, kind: 'operator', type: name, state: 'ok', in: 0, made: 0, out: 0, filtered: 0, rejected: 0 },
    ...{ released: 0, inFlight: 0, retries: 0, extra: {}, gauges: [] },
    ...more,
  };
}

function report(at: number, read: number): StatusReport {
  const nodes = [
    node('ticks', { kind: 'source', type: 'sqlite_log', in: read, out: read, extra: { reconnects: 2, gap: 7 } }),
    node('explode', { from: 'ticks', in: read, made: 40, out: read + 40 }),
    node('trades', {
      from: 'explode',
      kind: 'sink',
      type: 'mongodb',
      state: 'retrying',
      reason: 'no answer',
      inFlight: 3,
    }),
    node('symbols/count', { from: 'trades', type: 'count' }),
    node('symbols', { from: 'symbols/count', kind: 'sink', type: 'mongodb' }),
    node('vwap_feed', { from: 'explode', kind: 'sink', type: 'tcp' }),
    node('rejected', { kind: 'dead_letter', type: 'sqlite_log' }),
  ];
  const latency = { counts: [], count: 9, sumMs: 9, p50Ms: 3.12, p99Ms: 1234 };
  const state = { ready: false, reason: 'trades: no answer', read, delivered: 9, inFlight: 3, lag: 12, latency, nodes };
  const snapshot = processSnapshot(at, [topologySnapshot('processor', state)]);
  const options = { ticks: { group: 'processor' }, explode: { field: 'data' }, trades: { url: '******' } };
  const topologies = { processor: { description: 'Every trade once.', options } };
  return { pipeline: 'platform', profile: 'cluster', process: snapshot, topologies };
}

const startedAt = processSnapshot(0, []).startedAt;
const page = (before?: StatusReport) =>
  statusPage([report(65_000, 100)], {
    ...{ before: before && [before], now: startedAt + 66_000, width: 120 },
  });

describe('status page', () => {
  it('shows that no process has reported', () => {
    expect(statusPage([], { before: undefined, now: 0, width: 80 })).toEqual([
      'no process has reported within the last 10 s',
    ]);
  });

  it('shows process, graph, figures, nodes and options', () => {
    expect(page()).toEqual([
      'host, pid 1   fdp 0.1.0   platform, profile cluster   up 1 min   not ready   seen 1 s ago',
      '',
      '● processor   running   Every trade once.',
      '  ! trades: no answer',
      '  ticks → explode → trades → symbols/count → symbols',
      '  explode → vwap_feed',
      '  rejected → rejected',
      '  read 100   delivered 9   filtered 0   rejected 0   released 0   in flight 3   lag 12   restarts 0   latency p50 3.1 ms, p99 1.2 s',
      '',
      '  node           kind         type        state      in  made  out  filtered  rejected  released  in flight  retries  reconnects',
      '  ticks          source       sqlite_log  ok        100     0  100         0         0         0          0        0           2  gap 7',
      '  explode        operator     explode     ok        100    40  140         0         0         0          0        0           0',
      '  trades         sink         mongodb     retrying    0     0    0         0         0         0          3        0           0',
      '  symbols/count  operator     count       ok          0     0    0         0         0         0          0        0           0',
      '  symbols        sink         mongodb     ok          0     0    0         0         0         0          0        0           0',
      '  vwap_feed      sink         tcp         ok          0     0    0         0         0         0          0        0           0',
      '  rejected       dead letter  sqlite_log  ok          0     0    0         0         0         0          0        0           0',
      '',
      '  ticks          { group: processor }',
      '  explode        { field: data }',
      '  trades         { url: "******" }',
      '  symbols/count  -',
      '  symbols        -',
      '  vwap_feed      -',
      '  rejected       -',
    ]);
  });

  it('shows rates between two looks at the same process', () => {
    expect(page(report(63_000, 51)).join('\n')).toContain('read 100   24.5/s   delivered');
    const another = report(63_000, 51);
    expect(page({ ...another, process: { ...another.process, pid: 7 } }).join('\n')).not.toContain('/s');
  });
});

describe('status summary', () => {
  const of = (name: string, more: object) =>
    topologySnapshot(name, { read: 1234, lag: 12, partitions: [0, 1, 4], ...more });
  const reportOf = (at: number, ...topologies: readonly ReturnType<typeof of>[]): StatusReport => {
    const process = processSnapshot(at, topologies);
    return { pipeline: 'platform', profile: 'cluster', process: { ...process, instance: `p${at}` }, topologies: {} };
  };

  it('has a line a process and a line a topology, with reasons, rates and partitions', () => {
    const [first, second] = [reportOf(61_000, of('processor', {})), reportOf(60_000, of('api', { read: 4 }))];
    const failed = { state: 'failed', ready: false, reason: 'http: port 8000 is in use', partitions: undefined };
    const now = reportOf(62_000, of('api', { read: 10, lag: undefined, partitions: undefined }), of('live', failed));
    expect(statusSummary([first, now], { before: [second], now: startedAt + 63_000, width: 120 })).toEqual([
      'TOPOLOGY       STATE    READ  PER S  IN FLIGHT  LAG  REJECTED  PARTITIONS',
      'p61000 (host, pid 1)   ready, up 1 min, seen 2 s ago   fdp 0.1.0, platform, profile cluster',
      '  ● processor  running  1234                 0   12         0  0-1, 4',
      'p62000 (host, pid 1)   not ready, up 1 min, seen 1 s ago   fdp 0.1.0, platform, profile cluster',
      '  ● api        running    10    3.0          0              0',
      expect.stringMatching(/^ {2}✖ live {7}failed/),
      '    ! http: port 8000 is in use',
    ]);
  });

  it('leaves out empty columns, and never wraps', () => {
    const lines = statusSummary([reportOf(0, topologySnapshot('x'.repeat(70)))], {
      before: undefined,
      now: 0,
      width: 60,
    });
    expect(lines[0]).not.toMatch(/LAG|PARTITIONS|PER S/);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('writes partitions as ranges', () => {
    expect(rangesOf([])).toBe('');
    expect(rangesOf([3])).toBe('3');
    expect(rangesOf([0, 1, 2, 5, 7, 8])).toBe('0-2, 5, 7-8');
  });
});
