import { defineConfig } from 'vitest/config';

/** Files that run at the same time: what waits for timers and disks leaves a core to another. Memory and rates are measured alone. */
const workers = { unit: 2, processes: 3 };
const slow = { testTimeout: 120_000, hookTimeout: 120_000 };
/** What takes long, and whose promise a shorter test keeps on other stores; and what tests the tests: `npm run test:faults`, `test:soak`. */
const isNightly = process.env['FDP_FAULTS'] === 'full' || process.env['FDP_SOAK_MINUTES'] !== undefined;
const nightly = (project: string) => (isNightly ? [`test/nightly/${project}/**/*.test.ts`] : []);
const builds = 'test/support/cli/build.ts';
const servers = 'test/support/services/cluster-setup.ts';

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['integration', 'e2e', 'cluster', 'faults', 'measured', 'nightly'].map(
            (folder) => `test/${folder}/**`,
          ),
          testTimeout: 60_000,
          maxWorkers: workers.unit,
          // Sources keep no state of their own: files of a worker share what was loaded, which a third of the time went into.
          isolate: false,
        },
      },
      // Real processes and sockets. Tests close what they open: files of a worker can share it.
      {
        test: {
          name: 'integration',
          include: ['test/integration/**/*.test.ts'],
          ...{ testTimeout: 60_000, hookTimeout: 60_000 },
          isolate: false,
          ...{ maxWorkers: workers.processes, sequence: { groupOrder: 1 } },
        },
      },
      {
        test: {
          name: 'cluster',
          include: ['test/cluster/**/*.test.ts', 'test/faults/**/*.test.ts', ...nightly('cluster')],
          globalSetup: [servers, builds],
          ...slow,
          ...{ maxWorkers: workers.processes, sequence: { groupOrder: 1 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts', ...nightly('e2e')],
          globalSetup: [builds],
          ...slow,
          ...{ maxWorkers: workers.processes, sequence: { groupOrder: 1 } },
        },
      },
      // Memory and rates: each has the machine to itself.
      {
        test: {
          name: 'measured',
          include: ['test/measured/**/*.test.ts', ...nightly('measured')],
          globalSetup: [builds],
          ...slow,
          ...{ maxWorkers: 1, sequence: { groupOrder: 2 } },
        },
      },
    ],
  },
});
