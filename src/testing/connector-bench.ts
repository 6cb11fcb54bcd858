import { type Clock, systemClock } from '../kit/clock.ts';
import type { Connector } from '../kit/connector.ts';
import type { ConnectorDeclaration } from '../kit/declaration.ts';
import type { SinkGuarantee } from '../kit/guarantee.ts';
import { type Message, type SourceMessage, toMessage } from '../kit/message.ts';
import type { Sink } from '../kit/sink.ts';
import type { Source } from '../kit/source.ts';
import { roleContext, type TestNode, testEnvironment } from './environment.ts';
import { optionsOf } from './options.ts';

/** A connector with its node, not connected. */
export interface ConnectorBench<C extends Clock = Clock> extends TestNode {
  readonly clock: C;
  readonly connector: Connector;
  readonly context: ReturnType<typeof roleContext>;
  readonly log: ReturnType<typeof testEnvironment>['log'];
  /** What the declaration promises of its sink with these options, if a log is read. */
  readonly guarantee: SinkGuarantee;
  source(): Source;
  sink(): Sink;
}

/**
 * A connector as the runtime makes it, on the machine's clock unless another is given; asking for a
 * role that it has not fails.
 */
export async function connectorBench<C extends Clock = Clock>(
  declaration: ConnectorDeclaration,
  options: object,
  clock: C = systemClock as Clock as C,
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

/** A message without a key, of the lane `test`. */
export function testMessage(value: unknown, more: Partial<SourceMessage> = {}): Message {
  return toMessage({ key: null, value, timestamp: 0, meta: { lane: 'test' }, ...more }, undefined);
}
