import { describe, expect, it } from 'vitest';
import { buildGraph } from '../../src/engine/graph.ts';
import { operatorPlan, planOf } from '../support/engine/world.ts';

const custom = (type: string) => operatorPlan(() => (batches) => batches, type);
const nobody = { reject: () => {}, stateChanged: () => {} };

describe('graph', () => {
  it('knows which node gives each its messages, through branches that stand after another', () => {
    const [topology] = planOf({
      connectors: {},
      source: 'ticks',
      operators: [custom('explode'), custom('map'), custom('map')],
      sinks: ['trades', { connector: 'symbols', after: 'trades', operators: [custom('count')] }, 'ticks'],
      deadLetter: 'rejected',
    }).topologies;
    if (!topology) throw new Error('no topology');
    const { all, origins } = buildGraph(topology, (name) => `type of ${name}`, nobody);
    expect(all.map((node) => [origins.get(node)?.from?.name, node.name, node.kind, node.type])).toEqual([
      [undefined, 'ticks', 'source', 'type of ticks'],
      ['ticks', 'explode', 'operator', 'explode'],
      ['explode', 'map', 'operator', 'map'],
      ['map', 'map-2', 'operator', 'map'],
      ['map-2', 'trades', 'sink', 'type of trades'],
      ['trades', 'symbols/count', 'operator', 'count'],
      ['symbols/count', 'symbols', 'sink', 'type of symbols'],
      ['map-2', 'ticks-2', 'sink', 'type of ticks'],
      [undefined, 'rejected', 'dead_letter', 'type of rejected'],
    ]);
  });

  it('begins every route at the source', () => {
    const [topology] = planOf({ connectors: {}, source: 'http', sinks: [] }).topologies;
    if (!topology) throw new Error('no topology');
    const routes = ['GET /a', 'GET /b'].map((route) => ({
      route,
      parameters: [],
      reply: {},
      operators: [custom('find'), custom('reply')],
    }));
    const { all, origins } = buildGraph({ ...topology, routes }, () => 'rest', nobody);
    expect(all.map((node) => [origins.get(node)?.from?.name, node.name])).toEqual([
      [undefined, 'http'],
      ['http', 'GET /a find'],
      ['GET /a find', 'GET /a reply'],
      ['http', 'GET /b find'],
      ['GET /b find', 'GET /b reply'],
    ]);
  });
});
