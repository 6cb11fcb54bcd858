import { join } from 'node:path';
import { Database } from '../../connectors/shared/sqlite-file/database.ts';
import { selectSql } from '../../connectors/sqlite-table/query.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { rangePlans } from '../support/contracts/range-plans.ts';

rangePlans('SQLite', async () => {
  const folder = temporaryFolder();
  return {
    profile: 'embedded',
    env: { FDP_DATA: folder.path },
    explain: async (table, definition, query) => {
      const db = new Database(join(folder.path, 'store.db'));
      const select = selectSql(table === 'trades' ? 'finnhub_trades' : table, definition, query);
      const steps = db.all(`EXPLAIN QUERY PLAN ${select?.sql}`, ...(select?.values ?? []));
      db.close();
      return steps.map(({ detail }) => String(detail));
    },
    scans: /^SCAN (?!.* USING (COVERING )?INDEX)/,
    sorts: /TEMP B-TREE/,
    dispose: async () => folder[Symbol.dispose](),
  };
});
