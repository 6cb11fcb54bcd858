/** Blocks that another test runs as they stand. */
export const runBy: Readonly<Record<string, string>> = {
  'README.md: two commands': 'test/e2e/npm.test.ts',
  'README.md: first minutes': 'test/e2e/documents.test.ts',
  'README.md: Profiles': 'test/e2e/documents.test.ts',
  'README.md: one process each': 'test/e2e/documents.test.ts',
  'README.md: commands': 'test/e2e/documents.test.ts',
  'README.md: mistake': 'test/pipeline/shipped.test.ts',
  'docs/api.md: api': 'test/e2e/documents.test.ts',
  'docs/command-line.md: init': 'test/e2e/install.test.ts',
  'docs/command-line.md: help': 'test/e2e/documents.test.ts',
  'docs/command-line.md: inspect': 'test/e2e/documents.test.ts',
  'docs/command-line.md: other commands': 'test/e2e/documents.test.ts',
  'docs/command-line.md: tests': 'test/docs/testing-pipelines.test.ts',
  'docs/migrate.md: time series': 'test/cluster/migrate.test.ts',
  'docs/migrate.md: counters': 'test/cluster/migrate.test.ts',
  'docs/migrate.md: processor': 'test/cluster/migrate.test.ts',
  'docs/operate.md: dead letters': 'test/e2e/documents.test.ts',
  'docs/operate.md: poison': 'test/e2e/produce.test.ts',
  'docs/operate.md: produce': 'test/e2e/documents.test.ts',
  'docs/operate.md: simulator': 'test/e2e/documents.test.ts',
  'docs/plugins.md: create': 'test/e2e/create.test.ts',
  'docs/plugins.md: run': 'test/e2e/create.test.ts',
  'docs/plugins.md: function': 'test/e2e/create.test.ts',
  'docs/plugins.md: push source': 'test/e2e/create.test.ts',
  'docs/plugins.md: state': 'test/e2e/create.test.ts',
  'docs/tape.md: diff': 'test/docs/tape.test.ts',
  'docs/tape.md: record': 'test/docs/tape.test.ts',
  'docs/testing-pipelines.md: commands': 'test/docs/testing-pipelines.test.ts',
};

const needsDocker = 'needs Docker; .ci/compose builds, starts, scales and stops these containers where there is one';
const needsCloud = 'needs an account in the cloud, or a machine there';

const aDay = 'takes a minute or more each; test/cli/simulate/ runs shorter ones with the same flags';

/** Blocks that no test runs, and why. What can be checked of them without running them is. */
export const notRun: Readonly<Record<string, string>> = {
  'docs/command-line.md: simulations': aDay,
  'docs/simulate.md: simulate': aDay,
  'CONTRIBUTING.md: Contributing': 'they run the tests themselves, for hours in all; .ci/run and the workflow run them',
  'README.md: live trades': 'needs a key of Finnhub; test/e2e/finnhub.test.ts runs it against the simulator',
  'README.md: compose': needsDocker,
  'docs/deploy.md: Everything on one machine': needsDocker,
  'docs/deploy.md: More processors': needsDocker,
  'docs/deploy.md: Variables': needsDocker,
  'docs/deploy.md: What is written, and by whom': needsDocker,
  'docs/deploy.md: The dashboard': needsDocker,
  'docs/deploy.md: 2. Build and push, on your own machine': needsCloud,
  'docs/deploy.md: 3. The cloud machine': needsCloud,
  'docs/deploy.md: 4. The pipeline': needsCloud,
  'docs/deploy.md: Without Compose': needsDocker,
  'docs/migrate.md: 5. Correct the counters':
    'test/e2e/reconcile.test.ts runs the same commands on rows of another program',
  'docs/migrate.md: 6. Start': 'test/cluster/migrate.test.ts starts the same commands on a topic of its own',
  'docs/operate.md: Checking counters and bars':
    'test/e2e/reconcile.test.ts runs the same commands on a data folder of its own',
  'docs/operate.md: Watching it': 'needs a terminal; test/e2e/dashboard.test.ts runs the dashboard in one',
  'docs/operate.md: Under systemd': 'needs systemd as the first process of the machine',
  'docs/command-line.md: lean':
    'needs a registry that has fdp; test/e2e/install.test.ts installs without those packages',
  'docs/tape.md: replay': 'test/e2e/replay.test.ts runs such commands on ports of its own',
  'docs/plugins.md: install': 'needs a registry that has fdp; test/e2e/create.test.ts installs the packed file',
  'docs/performance.md: Speed': 'takes minutes, and figures of a shared machine can not fail; .ci/run runs `--quick`',
};
