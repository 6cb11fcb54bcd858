import { expect, it } from 'vitest';
import { withoutConnections } from '../../../connectors/rest/shown-report.ts';
import type { NodeSnapshot, StatusReport } from '../../../src/kit/snapshot.ts';
import { processSnapshot, topologySnapshot } from '../../support/engine/snapshots.ts';

const node = (name: string, kind: NodeSnapshot['kind'], more: object = {}): NodeSnapshot => ({
  ...{
    name,
    kind,
    type: 'any',
    state: 'ok',
    in: 0,
    made: 0,
    out: 0,
    filtered: 0,
    rejected: 0,
    released: 0,
    inFlight: 0,
  },
  ...{ retries: 0, extra: {}, gauges: [], ...more },
});

it('a report for those who do not run the platform has the options of operators only, and no address', () => {
  const nodes = [
    node('feed', 'source', { address: 'secret.example.com:8888' }),
    node('vwap', 'operator'),
    node('ticks', 'sink', { address: 'secret.example.com:9092' }),
    node('trades', 'lookup'),
  ];
  const connector = { brokers: 'secret.example.com:9092' };
  const options = { feed: connector, vwap: { window: 50 }, ticks: connector, trades: connector, rejected: connector };
  const report: StatusReport = {
    pipeline: 'p',
    process: processSnapshot(1000, [topologySnapshot('flow', { nodes })]),
    topologies: { flow: { description: 'd', options }, gone: { description: 'g', options } },
  };
  const shown = withoutConnections(report);
  expect(JSON.stringify(shown)).not.toContain('secret');
  expect(shown.topologies).toEqual({
    flow: { description: 'd', options: { vwap: { window: 50 } } },
    gone: { description: 'g', options: {} },
  });
  expect(shown.process.topologies[0]?.nodes.map(({ name, state }) => [name, state])).toEqual(
    nodes.map(({ name, state }) => [name, state]),
  );
});
