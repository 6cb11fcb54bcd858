import { createMemorySpace } from '../../connectors/memory/space.ts';
import { memoryTable } from '../../connectors/memory-table.ts';
import { VirtualClock } from '../../src/engine/virtual-clock.ts';
import { recordingLog, testEnvironment } from '../support/environment.ts';
import { optionsOf } from '../support/options.ts';
import { tableContract } from '../support/table-contract.ts';

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
