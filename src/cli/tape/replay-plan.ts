import { join } from 'node:path';
import { sqliteTable } from '../../../connectors/sqlite-table/index.ts';
import type { ConnectorPlan, Plan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import type { ConnectorContext } from '../../kit/declaration.ts';
import type { Environment } from '../../kit/environment.ts';
import { MemoryLogStore } from '../../simulate/memory/log-store.ts';
import { createMemorySpace, type MemorySpace } from '../../simulate/memory/space.ts';
import { PushedInput } from '../../simulate/pushed-input.ts';
import { makeTapeLog } from '../../simulate/recording/log.ts';
import type { Manifest } from '../../simulate/recording/manifest.ts';
import { RequestInput } from '../../simulate/request-input.ts';
import { familyOptions, twinOf } from '../../simulate/twins.ts';

/** A plan that runs on a tape. */
export interface ReplayPlan {
  readonly plan: Plan;
  /** The log that the tape is played into. */
  store(environment: Environment): MemoryLogStore;
  dispose(): void;
}

/**
 * The plan with the tape's log, and all others, in memory; tables in memory too, or as SQLite in the folder `data`. Servers, screens and
 * files are real.
 * @throws FDP_USAGE if no topology of the plan reads the log of the tape
 */
export function replayPlan(plan: Plan, manifest: Manifest, data: string | undefined): ReplayPlan {
  const { connector } = manifest;
  const log = plan.connectors.get(connector);
  const isRead = plan.topologies.some(({ source }) => source.connector === connector);
  if (!log || !isRead || log.declaration.twin !== 'log')
    throw new FdpError(
      'FDP_USAGE',
      `replay: no topology that starts reads the log "${connector}", which the tape is of`,
    );
  const spaces = new Map<string, MemorySpace>();
  const spaceOf = (names: readonly string[]) => {
    const space = names.map((name) => spaces.get(name)).find((known) => known !== undefined) ?? createMemorySpace();
    for (const name of names) spaces.set(name, space);
    return space;
  };
  const parts = { input: new PushedInput(), requests: new RequestInput(), sinceReady: () => 0, space: spaceOf };
  const connectors = [...plan.connectors.values()].flatMap((each): readonly ConnectorPlan[] => {
    // This process does not report to those that run.
    if (each.name === plan.status) return [];
    const { twin } = each.declaration;
    if (twin === 'table' && data !== undefined) return [storedIn(each, data)];
    return [twin === 'log' || twin === 'table' ? twinOf(each, parts).plan : each];
  });
  const { topic, partitions } = log.options as { readonly topic: string; readonly partitions: number };
  const space = spaceOf(log.declaration.logNames?.(log.options) ?? [connector]);
  makeTapeLog(space, topic, manifest);
  return {
    plan: { ...plan, status: undefined, connectors: new Map(connectors.map((each) => [each.name, each])) },
    store: (environment) => new MemoryLogStore(space, { name: connector, topic, partitions }, environment),
    dispose: () => {
      for (const each of spaces.values()) each.dispose();
    },
  };
}

function storedIn({ name, declaration, options }: ConnectorPlan, data: string): ConnectorPlan {
  const given = { ...familyOptions(options), path: join(data, 'replay.db'), table: name };
  const create = (_options: unknown, context: ConnectorContext) => sqliteTable.create(given as never, context);
  return { name, options, declaration: { ...declaration, claims: () => [], create } };
}
