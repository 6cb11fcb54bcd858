import { afterAll, beforeAll, describe } from 'vitest';
import { onOwnServices } from '../support/cluster.ts';
import { mongoWorld } from '../support/mongo-world.ts';
import { type Service, startMongo } from '../support/services.ts';
import { tableContract } from '../support/table-contract.ts';

onOwnServices('mongodb', () => {
  describe.each([
    ['on a standalone server', false],
    ['on a replica set', true],
  ])('%s', (_what, replicaSet) => {
    let server: Service;
    beforeAll(async () => {
      server = await startMongo({ replicaSet });
    });
    afterAll(() => server.stop());

    tableContract('table', () => mongoWorld(server.address), { expiry: 'server' });
  });
});
