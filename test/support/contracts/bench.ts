import type { Clock } from '../../../src/kit/clock.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import type { ConnectorDeclaration } from '../../../src/kit/declaration.ts';
import type { SinkGuarantee } from '../../../src/kit/guarantee.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import type { Source } from '../../../src/kit/source.ts';
import { roleContext, type TestNode, testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf } from '../engine/options.ts';

/** A shipped connector and its node, not connected. */
export interface ConnectorBench<C extends Clock> extends TestNode {
  readonly clock: C;
  readonly connector: Connector;
  readonly context: ReturnType<typeof roleContext>;
  readonly log: ReturnType<typeof testEnvironment>['log'];
  /** What the declaration promises of its sink with these options, if a log is read. */
  readonly guarantee: SinkGuarantee;
  source(): Source;
  sink(): Sink;
}

/** Creates a connector as the runtime does; a role that it does not have is an error. */
export async function benchOf<C extends Clock>(
  declaration: ConnectorDeclaration,
  options: object,
  clock: C,
): Promise<ConnectorBench<C>> {
  const environment = testEnvironment(clock);
  const given = optionsOf(declaration, options);
  const connector = await declaration.create(given, { ...environment, name: declaration.type });
  const context = roleContext(environment);
  const guarantee = declaration.sink?.guarantee?.(given, { input: 'rows', sourceReplays: true }) ?? {};
  return {
    guarantee,
    ...{ clock, connector, context, log: environment.log },
    ...{ node: context.node, outcomes: context.outcomes, rejections: context.rejections },
    source: () => known(connector.source?.({}, context)),
    sink: () => known(connector.sink?.({}, context)),
  };
}

function known<T>(role: T | undefined): T {
  if (role === undefined) throw new Error('the connector has no such role');
  return role;
}
