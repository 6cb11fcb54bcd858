import { afterAll, beforeAll, describe } from 'vitest';
import { tableContract } from '../support/contracts/table-contract.ts';
import { mongoWorld } from '../support/mongo/world.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startMongo } from '../support/services/services.ts';

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
