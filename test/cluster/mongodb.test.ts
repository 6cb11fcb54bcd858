import { afterAll, beforeAll, describe } from 'vitest';
import { mongoWorld } from '../support/mongo-world.ts';
import { type Service, startMongo } from '../support/services.ts';
import { tableContract } from '../support/table-contract.ts';

describe.each([
  ['on a standalone server', false],
  ['on a replica set', true],
])('mongodb %s', (_what, replicaSet) => {
  let server: Service;
  beforeAll(async () => {
    server = await startMongo({ replicaSet });
  });
  afterAll(() => server.stop());

  tableContract('table', () => mongoWorld(server.address), { expiry: 'server' });
});
