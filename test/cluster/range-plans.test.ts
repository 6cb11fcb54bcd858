import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, describe } from 'vitest';
import { selectionOf } from '../../connectors/mongodb/query.ts';
import { rangePlans } from '../support/contracts/range-plans.ts';
import { onOwnServices } from '../support/services/cluster.ts';
import { type Service, startMongo } from '../support/services/services.ts';

onOwnServices('mongodb', () => {
  describe('the tables of the profile cluster', () => {
    let server: Service;
    beforeAll(async () => {
      server = await startMongo({ replicaSet: false });
    });
    afterAll(() => server.stop());

    rangePlans('MongoDB', async () => {
      const client = await new MongoClient(server.address).connect();
      const db = client.db('financialDataDatabase');
      return {
        profile: 'cluster',
        env: { MONGODB_URL: server.address },
        explain: async (table, definition, query) => {
          const find = table === 'trades' ? 'finnhub_trades' : table;
          const plan = await db.command({ explain: { find, ...selectionOf(definition, query) } });
          return stagesOf(plan['queryPlanner'].winningPlan);
        },
        scans: /^COLLSCAN$/,
        sorts: /^SORT$/,
        dispose: async () => {
          await db.dropDatabase();
          await client.close();
        },
      };
    });
  });
});

/** The stages of a plan, whatever their depth. */
function stagesOf(plan: object): readonly string[] {
  return [...JSON.stringify(plan).matchAll(/"stage":"(\w+)"/g)].map(([, stage = '']) => stage);
}
