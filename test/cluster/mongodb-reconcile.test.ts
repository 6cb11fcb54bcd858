import { afterAll, beforeAll, describe } from 'vitest';
import { sized } from '../support/cli/faults.ts';
import { reconcileCases } from '../support/contracts/reconcile-cases.ts';
import { mongoWorld } from '../support/mongo/world.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startMongo } from '../support/services/services.ts';

onOwnServices('mongodb', () => {
  describe.each([
    ['a standalone server', false],
    ['a replica set', true],
  ])('reconciling collections of MongoDB on %s', (_what, replicaSet) => {
    let server: Service;
    beforeAll(async () => {
      server = await startMongo({ replicaSet });
    });
    afterAll(() => server.stop());

    reconcileCases(
      () => mongoWorld(server.address),
      (collection) => ({ collection }),
      replicaSet ? 5 : sized({ full: 15, fast: 5 }),
    );
  });
});
