import type { ConnectorPlan } from '../engine/plan.ts';
import { FdpError } from '../errors.ts';
import type { Connector } from '../kit/connector.ts';
import type { Environment } from '../kit/environment.ts';

/** The status table's connector: a separate instance, so that it shares no connection with a topology. */
export function createStatusStore(
  { name, declaration, options }: ConnectorPlan,
  environment: Environment,
): Promise<Connector> {
  return declaration.create(options, { ...environment, name });
}

/** What a connector lacks to store or return the reports. */
export function noStatusRole({ name, declaration }: ConnectorPlan): FdpError {
  return new FdpError('FDP_NOT_SUPPORTED', `${name}: ${declaration.type} cannot store the reports of processes`);
}
