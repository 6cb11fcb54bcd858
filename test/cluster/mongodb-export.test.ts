import { exportContract } from '../support/contracts/export-contract.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

onServices('mongodb', ({ mongo }) => {
  exportContract(() => `type: mongodb, url: "${mongo}", database: ${randomName('fdp')}, collection: trades`);
});
