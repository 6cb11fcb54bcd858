import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { operators } from '../../operators/index.ts';
import type { FieldType, Shape } from '../../src/kit/declaration.ts';
import type { RouteDescription } from '../../src/kit/request.ts';
import { check, optionsOf } from './declared.ts';

type Step = Readonly<Record<string, unknown>>;
interface Flow {
  readonly operators?: readonly Step[];
  readonly sinks?: readonly { readonly operators?: readonly Step[] }[];
  readonly routes?: Readonly<Record<string, readonly Step[]>>;
}
interface Pipeline {
  readonly connectors: Readonly<Record<string, { readonly fields?: Readonly<Record<string, FieldType>> }>>;
  readonly topologies: Readonly<Record<string, Flow>>;
}

const pipeline = parse(readFileSync('pipeline.yml', 'utf8')) as Pipeline;
const tables = Object.fromEntries(
  Object.entries(pipeline.connectors).flatMap(([name, { fields }]) => (fields ? [[name, fields] as const] : [])),
);

/** Every chain of operators from its source on, with its route. */
const chains = Object.entries(pipeline.topologies).flatMap(([name, flow]) => {
  const before = flow.operators ?? [];
  const branches = (flow.sinks ?? []).map((sink) => [...before, ...(sink.operators ?? [])]);
  const routes = Object.entries(flow.routes ?? {}).map(([route, steps]) => ({ name, steps, scope: { route, tables } }));
  return [...[before, ...branches].map((steps) => ({ name, steps, scope: { tables } })), ...routes];
});

describe('the operators of pipeline.yml', () => {
  it.each(chains)('fit together in $name ($scope.route)', ({ steps, scope }) => {
    let shape: Shape;
    let route: RouteDescription = { route: String('route' in scope ? scope.route : ''), parameters: [], reply: {} };
    for (const step of steps) {
      const [type, options] = Object.entries(step)[0] ?? ['', undefined];
      const declaration = operators.find((known) => known.type === type);
      if (!declaration) throw new Error(`there is no operator ${type}`);
      const yaml = JSON.stringify(options);
      const checked = check(declaration, yaml, shape, { ...scope, parameters: route.parameters });
      route = declaration.describe?.(optionsOf(declaration, yaml), route, shape) ?? route;
      expect(checked.problems).toEqual([]);
      shape = checked.shape;
    }
  });
});
