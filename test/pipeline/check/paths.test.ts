import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import type { ConnectorDeclaration, OperatorDeclaration } from '../../../src/kit/declaration.ts';
import { type Guarantee, guarantees } from '../../../src/kit/guarantee.ts';
import { type GuaranteedPath, pathsOf, weaker } from '../../../src/pipeline/check/paths.ts';
import type { Components } from '../../../src/pipeline/give/json-schema.ts';
import {
  expectedOf,
  pipelineOf,
  type RandomTopology,
  randomTopology,
} from '../../support/pipeline/random-pipelines.ts';
import { readText } from '../../support/pipeline/spec.ts';

const shipped: Components = { connectors, operators };

/** The paths of the only topology of a pipeline, by the name of the branch. */
function pathsIn(topology: RandomTopology, components = shipped): ReadonlyMap<string, GuaranteedPath> {
  const { spec, problems } = readText(pipelineOf([topology]), { components });
  expect(problems.map(({ message }) => message)).toEqual([]);
  const [only] = [...spec.topologies.values()];
  return new Map(only ? pathsOf(only).map((path) => [path.name, path]) : []);
}

const weak = { why: 'a test says so' };

/** The declarations with one of them weaker: what it is called loses, or repeats. */
function weakened(type: string, role: 'source' | 'sink' | 'operator', to: Guarantee): Components {
  const limit = to === 'at_most_once' ? { loses: weak } : { repeats: weak };
  const connector = (each: ConnectorDeclaration): ConnectorDeclaration => {
    if (each.type !== type) return each;
    const { source, sink } = each;
    if (role === 'source' && source) {
      const guarantee: typeof source.guarantee = (...given) => ({ ...source.guarantee?.(...given), ...limit });
      return { ...each, source: { ...source, guarantee } };
    }
    if (role !== 'sink' || !sink) return each;
    const guarantee: typeof sink.guarantee = (...given) => ({ ...sink.guarantee?.(...given), ...limit });
    return { ...each, sink: { ...sink, guarantee } };
  };
  const operator = ({ stateless, ...each }: OperatorDeclaration): OperatorDeclaration => {
    if (each.type === type && role === 'operator') return { ...each, state: () => weak };
    return { ...each, ...(stateless ? { stateless } : {}) };
  };
  return { connectors: connectors.map(connector), operators: operators.map(operator) };
}

describe('the paths of a topology', () => {
  it('each guarantee what is left by their weakest hop, whatever the topology', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(randomTopology, (topology) => {
        const paths = pathsIn(topology);
        expect(paths.size).toBe(topology.branches.length);
        for (const branch of topology.branches) {
          const { guarantee, weakest, why } = paths.get(branch.sink.name) ?? {};
          const found = { guarantee, ...(weakest ? { weakest: weakest.hop.name } : {}) };
          expect(found).toEqual(expectedOf(topology, branch));
          expect(why === undefined).toBe(guarantee !== 'effectively_once');
        }
      }),
      { numRuns: 100 },
    );
  });

  it('guarantee less when any of their hops declares less', { timeout: 120_000 }, () => {
    const typeOf = (name: string) => readText(pipelineOf([])).spec.connectors.get(name)?.declaration?.type ?? name;
    const choice = fc.record({ topology: randomTopology, at: fc.nat(), isLoss: fc.boolean() });
    fc.assert(
      fc.property(choice, ({ topology, at, isLoss }) => {
        const paths = [...pathsIn(topology).values()];
        const path = paths[at % paths.length];
        const hop = path?.hops[at % path.hops.length];
        if (!path || !hop || hop.kind === 'dead_letter') return;
        const isOfSink = hop === path.hops.at(-1);
        // A sink that another branch follows takes nothing from it: what it repeats is known there.
        if (hop.kind === 'sink' && !isOfSink) return;
        const to = hop.kind === 'operator' || (!isLoss && hop.kind === 'sink') ? 'at_least_once' : 'at_most_once';
        const components = weakened(typeOf(hop.name), hop.kind, to);
        const after = pathsIn(topology, components).get(path.name);
        expect(after?.guarantee).toBe(weaker(path.guarantee, to));
        expect(guarantees.indexOf(after?.guarantee ?? 'effectively_once')).toBeLessThan(2);
      }),
      { numRuns: 60 },
    );
  });

  it('guarantee nothing where a component declares nothing', () => {
    const topology = (source: string, operator: string, sink: string): RandomTopology => ({
      source: { name: source, yaml: `{ connector: ${source}, group: g }`, level: 2 },
      operators: [{ name: operator, yaml: `${operator}: 'price > 0.0'`, level: 2 }],
      branches: [{ sink: { name: sink, yaml: sink, level: 2 }, operators: [], isBestEffort: false, after: undefined }],
      deadLetter: { name: 'rejected', yaml: 'rejected', level: 2 },
    });
    const strong = topology('ticks', 'filter', 'trades');
    expect(pathsIn(strong).get('trades')?.guarantee).toBe('effectively_once');
    const without = (type: string): Components => ({
      connectors: connectors.map((each) => {
        if (each.type !== type) return each;
        const { guarantee: _source, ...source } = each.source ?? { options: {} };
        const { guarantee: _sink, ...sink } = each.sink ?? { options: {} };
        return { ...each, ...(each.source ? { source } : {}), ...(each.sink ? { sink } : {}) };
      }),
      operators: operators.map(({ stateless, ...each }) =>
        each.type === type || !stateless ? each : { ...each, stateless },
      ),
    });
    const weakestOf = (type: string) => {
      const path = pathsIn(strong, without(type)).get('trades');
      return [path?.guarantee, path?.weakest?.hop.name, path?.weakest?.why];
    };
    const nothing = 'its declaration promises nothing';
    expect(weakestOf('sqlite_log')).toEqual(['at_most_once', 'ticks', nothing]);
    expect(weakestOf('sqlite_table')).toEqual(['at_most_once', 'trades', nothing]);
    expect(weakestOf('filter')).toEqual(['at_least_once', 'filter', nothing]);
  });
});
