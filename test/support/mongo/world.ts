import { type Db, MongoClient } from 'mongodb';
import { mongodb } from '../../../connectors/mongodb/index.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { recordingLog, testEnvironment } from '../../../src/testing/environment.ts';
import type { TableWorld } from '../contracts/table-harness.ts';
import { optionsOf } from '../engine/options.ts';
import { randomName } from '../services/services.ts';

/** One collection in its own database, with a plain client in addition to the connector. */
export interface MongoWorld extends TableWorld {
  readonly db: Db;
  readonly admin: Db;
  readonly target: { readonly url: string; readonly database: string; readonly collection: string };
}

/** A fresh database on a server, dropped on disposal. */
export async function mongoWorld(url: string): Promise<MongoWorld> {
  const client = await new MongoClient(url).connect();
  const target = { url, database: randomName('fdp'), collection: 'rows' };
  const [clock, log] = [new VirtualClock(), recordingLog()];
  const db = client.db(target.database);
  return {
    clock,
    log,
    db,
    admin: client.db('admin'),
    target,
    connector: (options) =>
      mongodb.create(optionsOf(mongodb, { ...target, ...options }), { ...testEnvironment(clock), log, name: 'trades' }),
    dispose: async () => {
      await db.dropDatabase();
      await client.close();
    },
  };
}
