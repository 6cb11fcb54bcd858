import { finnhub } from '../../../connectors/finnhub/index.ts';
import { websocketServer } from '../../../connectors/websocket-server/index.ts';
import { type Clock, systemClock } from '../../../src/kit/clock.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import { type GapSpan, gapOf } from '../../../src/kit/gap-message.ts';
import { type SourceMessage, toMessage } from '../../../src/kit/message.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { sourceMessage } from '../engine/operators.ts';
import { optionsOf } from '../engine/options.ts';
import { portOf } from './sockets.ts';

type TestContext = RoleContext & { readonly log: ReturnType<typeof testEnvironment>['log'] };

export interface TestExchange {
  readonly sink: Sink;
  readonly port: number;
  readonly context: TestContext;
  /** Passes frames to the server, one write each. */
  send(...frames: readonly unknown[]): Promise<void>;
}

/** A server that speaks Finnhub's protocol on a free port. */
export async function testExchange(options: object = {}, port = 0): Promise<TestExchange> {
  const environment = testEnvironment();
  const context = { ...roleContext(environment), log: environment.log };
  const given = { listen: `127.0.0.1:${port}`, token: 'key', ...options };
  const connector = await websocketServer.create(optionsOf(websocketServer, given), {
    ...environment,
    name: 'exchange',
  });
  const sink = connector.sink?.({}, context) as Sink;
  await sink.connect(new AbortController().signal);
  return {
    sink,
    context,
    port: portOf(context.log),
    async send(...frames) {
      for (const frame of frames)
        await sink.write([toMessage(sourceMessage(frame), undefined)], new AbortController().signal);
    },
  };
}

export interface Feed {
  readonly source: Source;
  readonly context: TestContext;
  /** All messages read so far, in order, except gap messages. */
  readonly frames: readonly SourceMessage[];
  /** The gap messages, each with the number of frames before it. */
  readonly gaps: readonly { readonly key: string | null; readonly gap: GapSpan; readonly after: number }[];
  /** The error of `lanes`. */
  readonly error: () => unknown;
  /** Resolves at the end of the lane. */
  readonly finished: Promise<void>;
  /** Stops the intake, as a drain does. */
  stop(): void;
  close(): Promise<void>;
}

interface FeedWorld {
  readonly clock?: Clock;
  readonly hold?: Promise<void>;
  /** The last records of the log that the feed writes to. */
  readonly last?: readonly SourceMessage[];
}

/** A feed whose lane is read as fast as possible, after `hold`. */
export async function feed(
  port: number,
  options: object = {},
  { clock = systemClock, hold = Promise.resolve(), last = [] }: FeedWorld = {},
): Promise<Feed> {
  const environment = testEnvironment(clock);
  const context = { ...roleContext(environment), log: environment.log };
  const given = { url: `ws://127.0.0.1:${port}`, token: 'key', symbols: ['AAPL'], ...options };
  const connector: Connector = await finnhub.create(optionsOf(finnhub, given), { ...environment, name: 'finnhub' });
  const source = connector.source?.({}, context) as Source;
  const never = new AbortController().signal;
  await source.connect(never);
  await source.resume?.([{ last: async () => last }], never);
  const frames: SourceMessage[] = [];
  const gaps: { key: string | null; gap: GapSpan; after: number }[] = [];
  const lanes: Lane[] = [];
  let thrown: unknown;
  const intake = source.lanes.subscribe({
    next: (lane) => lanes.push(lane),
    error: (error: unknown) => {
      thrown = error;
    },
  });
  const pump = async () => {
    await hold;
    for (;;) {
      const reading = await lanes[0]?.read(never);
      if (!reading) return;
      for (const message of reading.messages) {
        const gap = gapOf(message.value);
        if (gap) gaps.push({ key: message.key, gap, after: frames.length });
        else frames.push(message);
      }
    }
  };
  return {
    source,
    context,
    frames,
    gaps,
    error: () => thrown,
    finished: pump(),
    stop: () => intake.unsubscribe(),
    close: async () => {
      intake.unsubscribe();
      await source.close();
      await connector.close();
    },
  };
}
