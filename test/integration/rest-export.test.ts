import { join } from 'node:path';
import { exportContract } from '../support/contracts/export-contract.ts';

exportContract((folder) => `type: sqlite_table, path: ${join(folder, 'store.db')}, table: trades`);
