import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readAddress } from '../../connectors/mongodb/address.ts';
import { mongodb } from '../../connectors/mongodb/index.ts';
import { replicaSetProblem } from '../../connectors/mongodb/replica-set.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import { optionsOf } from '../support/engine/options.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startMongo } from '../support/services/services.ts';

const never = new AbortController().signal;

onOwnServices('mongodb url', () => {
  describe.each([
    ['standalone server', false, 'is of no replica set: leave replicaSet out of the url'],
    ['replica set', true, 'is of "rs0": write replicaSet=rs0 in the url'],
  ])('for a %s', (_what, replicaSet, expected) => {
    let server: Service;
    beforeAll(async () => {
      server = await startMongo({ replicaSet });
    });
    afterAll(() => server.stop());

    const host = () => new URL(server.address).host;

    it('that names another replica set is refused with both names', async () => {
      const url = `mongodb://${host()}/?replicaSet=other`;
      const options = optionsOf(mongodb, { url, database: 'd', collection: 'c' });
      const connector = await mongodb.create(options, { ...testEnvironment(systemClock), name: 'trades' });
      const lookup = connector.lookup?.({ ...testEnvironment(systemClock), name: 'trades' } as never);
      await expect(lookup?.connect(never)).rejects.toMatchObject({
        code: 'FDP_REFUSED',
        message: `trades: the url asks for the replica set "other", ${host()} ${expected}`,
      });
      await lookup?.close();
    });
  });

  it('is not judged while no server answers', async () => {
    const address = readAddress('mongodb://127.0.0.1:1/?replicaSet=other');
    expect(await replicaSetProblem('trades', address, {})).toBeUndefined();
  });
});
