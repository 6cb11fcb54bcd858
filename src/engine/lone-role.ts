import type { Environment } from '../kit/environment.ts';
import { type NodeKind, NodeStats } from '../kit/node-stats.ts';
import { outcomesAt } from '../kit/outcomes.ts';
import type { RoleContext } from '../kit/role.ts';
import type { ConnectorPlan } from './plan.ts';

/** The context of a role that belongs to no running topology: for commands, and for the status table. */
export function loneRole(
  { name, declaration }: ConnectorPlan,
  kind: NodeKind,
  environment: Environment,
  more: Partial<Pick<RoleContext, 'topology' | 'input'>> = {},
): RoleContext {
  const node = new NodeStats(name, kind, declaration.type, { stateChanged: () => {} });
  const outcomes = outcomesAt(node, () => {});
  return { ...environment, node, outcomes, topology: 'none', routes: [], input: 'rows', sourceReplays: true, ...more };
}
