import type { TestContext } from 'vitest';
import { mongodb } from '../../../connectors/mongodb/index.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import type { Lookup } from '../../../src/kit/lookup.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf } from '../engine/options.ts';
import { type MongoOptions, type Service, startMongo } from '../services/services.ts';

export const rowTable = {
  database: 'fdp',
  collection: 'rows',
  fields: { message_key: 'string' },
  unique: 'message_key',
};

/** The roles of one connector, on the machine's clock. */
export async function roles(options: object): Promise<{ readonly sink: Sink; readonly lookup: Lookup }> {
  const environment = testEnvironment(systemClock);
  const connector = await mongodb.create(optionsOf(mongodb, { ...rowTable, ...options }), {
    ...environment,
    name: 'trades',
  });
  const [sink, lookup] = [connector.sink?.({}, roleContext(environment)), connector.lookup?.(roleContext(environment))];
  if (!sink || !lookup) throw new Error('the connector has no sink or no lookup');
  return { sink, lookup };
}

/** What a test opens, closed after it, the last one first. */
export function world({ onTestFinished }: TestContext) {
  const kept = <T extends { close(): Promise<unknown> }>(one: T): T => {
    onTestFinished(async () => void (await one.close()));
    return one;
  };
  const server = async (options?: MongoOptions): Promise<Service> => {
    const started = await startMongo(options);
    kept({ close: () => started.stop() });
    return started;
  };
  return { kept, server };
}
