import { FdpError } from '../../errors.ts';
import type { ConnectorDeclaration, OperatorDeclaration } from '../../kit/declaration.ts';
import type { FunctionDeclaration } from '../../kit/function.ts';
import { type Listed, list } from './list.ts';
import { rolesOf } from './pages.ts';

/**
 * What `fdp list` prints with `--json`: the same choice as the text, options as JSON Schema.
 * @throws FDP_USAGE as `list` does
 */
export function listJson(listed: Listed, asked: readonly string[]): object {
  // `listText` reports unknown names.
  list(listed, asked);
  const all = {
    connectors: listed.connectors.map(connectorJson),
    operators: listed.operators.map(operatorJson),
    ...(listed.functions?.length && { functions: listed.functions.map(functionJson) }),
    topologies: listed.topologies,
  };
  const [first, second] = asked;
  if (first === undefined) return all;
  const kinds = Object.entries(all).filter(
    ([kind]) => kind === first || kind === `${first}s` || kind === first.replace(/y$/, 'ies'),
  );
  const chosen = kinds.length > 0 ? kinds : Object.entries(all);
  const name = kinds.length > 0 ? second : first;
  const isAsked = (each: object) => name === undefined || Object.values(each)[0] === name;
  const found = chosen.map(([kind, items]) => [kind, (items as readonly object[]).filter(isAsked)] as const);
  const filled = found.filter(([, items]) => items.length > 0 || name === undefined);
  if (filled.length === 0) throw new FdpError('FDP_INTERNAL', `list: there is nothing with the name "${name}"`);
  return Object.fromEntries(filled);
}

function connectorJson(connector: ConnectorDeclaration): object {
  const { type, summary, plugin, options, source, sink, lookup } = connector;
  const usage = { source: source?.options, sink: sink?.options, lookup: lookup?.options };
  return { type, summary, ...(plugin && { plugin }), roles: rolesOf(connector), options, usage };
}

function operatorJson({ type, summary, plugin, options, routesOnly }: OperatorDeclaration): object {
  return { type, summary, ...(plugin && { plugin }), place: routesOnly ? 'request' : 'anywhere', options };
}

function functionJson({ name, summary, plugin, parameters, result, examples }: FunctionDeclaration): object {
  return { name, summary, ...(plugin && { plugin }), parameters, result, examples };
}
