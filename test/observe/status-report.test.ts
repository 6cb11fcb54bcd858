import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { buildGraph } from '../../src/engine/graph.ts';
import type { StatusReport } from '../../src/kit/snapshot.ts';
import { describeTopologies, reportsOf, statusRow } from '../../src/observe/status-report.ts';
import { resolve } from '../../src/pipeline/give/resolve.ts';
import { secretsOf } from '../../src/pipeline/give/secrets.ts';
import { readSpec } from '../../src/pipeline/read.ts';
import { processSnapshot, topologySnapshot } from '../support/engine/snapshots.ts';

/** The shipped pipeline with the real feed. */
function shipped() {
  const env = { FDP_FEED: 'finnhub', FINNHUB_TOKEN: 'c0ffee-token', MONGODB_URL: 'mongodb://me:pass-word@host' };
  const spec = readSpec({
    pipelinePath: 'pipeline.yml',
    profile: 'cluster',
    env,
    components: { connectors, operators },
  });
  const { plan } = resolve(spec);
  if (!plan) throw new Error('the shipped pipeline is not valid');
  return { plan, topologies: describeTopologies(plan, secretsOf(spec)) };
}

function report(at: number, more: Partial<StatusReport['process']> = {}): StatusReport {
  const process = { ...processSnapshot(at, [topologySnapshot('flow')]), ...more };
  return { pipeline: 'test', process, topologies: { flow: { description: '', options: {} } } };
}

describe('status report', () => {
  it('has the options of every node of the graph, by its name', () => {
    const { plan, topologies } = shipped();
    const nobody = { reject: () => {}, stateChanged: () => {} };
    for (const topology of plan.topologies) {
      const names = buildGraph(topology, () => '', nobody).all.map(({ name }) => name);
      expect(Object.keys(topologies[topology.name]?.options ?? {})).toEqual(names);
    }
    expect(topologies['processor']?.options).toMatchObject({
      ticks: { topic: 'raw_stock_ticks', group: 'processor', from: 'earliest' },
      explode: { field: 'data' },
      'symbols/metadata_upsert': { by: 'symbol' },
      rejected: { topic: 'raw_stock_ticks.rejected' },
    });
    expect(topologies['api']?.options['GET /api/v1/symbols find']).toMatchObject({ in: 'symbols' });
  });

  it('shows no secret', () => {
    const { topologies } = shipped();
    expect(topologies['ingestor']?.options['finnhub']).toMatchObject({ token: '******' });
    expect(topologies['processor']?.options['trades']).toMatchObject({ url: '******' });
    const text = JSON.stringify(topologies);
    expect(text).not.toContain('c0ffee');
    expect(text).not.toContain('pass-word');
  });

  it('comes back from the table as it was, for ten seconds; other rows are passed over', () => {
    const [old, one, two] = [report(0), report(5000, { pid: 2 }), report(9000, { pid: 3, startedAt: 1 })];
    const rows = [old, one, two].map(statusRow);
    expect(new Set(rows.map(({ process }) => process)).size).toBe(3);
    const now = one.process.at + 10_000;
    const strange = ['', 'null', '{"process":{"topologies":[]}}', '[]'].map((snapshot) => ({
      process: 'x',
      at: now,
      snapshot,
    }));
    expect(reportsOf([...rows, ...strange], now).map(({ process }) => process)).toEqual([two.process, one.process]);
  });

  it('takes the place of the one before of the same process', () => {
    expect(statusRow(report(1000))['process']).toBe(statusRow(report(2000))['process']);
  });
});
