import { createMemorySpace } from '../../src/simulate/memory/space.ts';
import { memoryTable } from '../../src/simulate/memory-table.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { recordingLog, testEnvironment } from '../../src/testing/environment.ts';
import { tableContract } from '../support/contracts/table-contract.ts';
import { optionsOf } from '../support/engine/options.ts';

tableContract('memory_table', async () => {
  const [space, clock, log] = [createMemorySpace(), new VirtualClock(), recordingLog()];
  return {
    clock,
    log,
    connector: (options) =>
      memoryTable.create(optionsOf(memoryTable, { space: space.name, ...options }), {
        ...testEnvironment(clock),
        log,
        name: 'table',
      }),
    dispose: async () => space.dispose(),
  };
});
