import type { Connector, Environment, RoleContext } from '../engine/component.ts';
import { Node } from '../engine/node.ts';
import type { ConnectorPlan } from '../engine/plan.ts';
import { FdpError } from '../errors.ts';

/** The status table's connector: an instance of its own, so that nothing of a topology shares its connections. */
export function createStatusStore(
  { name, declaration, options }: ConnectorPlan,
  environment: Environment,
): Promise<Connector> {
  return declaration.create(options, { ...environment, name });
}

/** The context of a role that belongs to no topology. */
export function statusContext(
  connector: ConnectorPlan,
  kind: 'sink' | 'lookup',
  environment: Environment,
): RoleContext {
  const node = new Node(connector.name, kind, connector.declaration.type, { reject: () => {}, stateChanged: () => {} });
  return { ...environment, node, topology: 'status', routes: [], input: 'rows' };
}

/** What a connector lacks that can't keep, or give, the reports. */
export function noStatusRole({ name, declaration }: ConnectorPlan): FdpError {
  return new FdpError('FDP_NOT_SUPPORTED', `${name}: ${declaration.type} can't hold what processes report`);
}
