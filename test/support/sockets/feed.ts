import { tcp } from '../../../connectors/tcp/index.ts';
import { type SourceMessage, toMessage } from '../../../src/kit/message.ts';
import type { Role } from '../../../src/kit/role.ts';
import type { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { sourceMessage } from '../engine/operators.ts';
import { optionsOf } from '../engine/options.ts';
import { portOf } from './sockets.ts';

const signal = new AbortController().signal;

/** A TCP feed on a free port. @param roles gets what the test closes */
export async function feedServer(roles: Role[], options: object, clock?: VirtualClock) {
  const environment = testEnvironment(clock);
  const filled = optionsOf(tcp, { listen: '127.0.0.1:0', ...options });
  const connector = await tcp.create(filled, { ...environment, name: 'feed' });
  const context = roleContext(environment);
  const sink = connector.sink?.({}, context);
  if (!sink) throw new Error('no sink');
  roles.push(sink);
  await sink.connect(signal);
  const send = (...values: readonly unknown[]) =>
    sink.write(
      values.map((value) => toMessage(sourceMessage(value), undefined)),
      signal,
    );
  return { sink, send, port: portOf(environment.log), node: context.node, log: environment.log };
}

/** The client of a feed, and the messages that it has received. @param roles gets what the test closes */
export async function feedClient(roles: Role[], port: number, options: object) {
  const environment = testEnvironment();
  const filled = optionsOf(tcp, { connect: `127.0.0.1:${port}`, ...options });
  const connector = await tcp.create(filled, { ...environment, name: 'client' });
  const context = roleContext(environment);
  const source = connector.source?.({}, context);
  if (!source) throw new Error('no source');
  roles.push(source);
  await source.connect(signal);
  const messages: SourceMessage[] = [];
  const subscription = source.lanes.subscribe(async (lane) => {
    for (let reading = await lane.read(signal); reading; reading = await lane.read(signal))
      messages.push(...reading.messages);
  });
  roles.push({ connect: async () => {}, close: async () => subscription.unsubscribe() });
  return { messages, node: context.node, log: environment.log };
}
