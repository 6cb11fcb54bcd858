import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { readCalendar } from '../../operators/support/calendar-file.ts';
import { readConditions } from '../../operators/support/conditions-file.ts';
import { validate } from '../../src/cli/validate.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { type Block, blockNamed, blocksOf, documents } from '../support/docs/blocks.ts';
import { commandsOf } from '../support/docs/commands.ts';
import { filesOf, validated } from '../support/docs/pipelines.ts';
import { folderWith } from '../support/pipeline/spec.ts';
import { problemsOf } from './shell-problems.ts';

// Every block of code in README.md, CONTRIBUTING.md and docs/ is validated here, run by the test that is named here, or has
// a reason here why no test runs it. docs/reference/ has a test of its own.

const readByPeople = ['mermaid', 'text'];

/** Blocks that another test runs as they stand. */
const runBy: Readonly<Record<string, string>> = {
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
  'docs/plugins.md: connecting source': 'test/e2e/create.test.ts',
  'docs/plugins.md: connecting test': 'test/e2e/create.test.ts',
  'docs/plugins.md: state': 'test/e2e/create.test.ts',
  'docs/tape.md: diff': 'test/docs/tape.test.ts',
  'docs/tape.md: record': 'test/docs/tape.test.ts',
  'docs/testing-pipelines.md: commands': 'test/docs/testing-pipelines.test.ts',
};

const needsDocker = 'needs Docker; .ci/compose builds, starts, scales and stops these containers where there is one';
const needsCloud = 'needs an account in the cloud, or a machine there';

const aDay = 'takes a minute or more each; test/cli/simulate/ runs shorter ones with the same flags';

/** Blocks that no test runs, and why. What can be checked of them without running them is. */
const notRun: Readonly<Record<string, string>> = {
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

const blocks = documents()
  .filter((file) => !file.startsWith('docs/reference/'))
  .flatMap(blocksOf);
const keyOf = ({ file, name, heading }: Block) => `${file}: ${name || heading}`;
const inLanguage = (...languages: string[]) =>
  blocks
    .filter(({ language }) => languages.includes(language))
    .map((block) => [`${keyOf(block)}, line ${block.line}`, block] as const);

describe('every block of code in the documents', () => {
  it('names its language', () => {
    const bare = blocks.filter(({ language, isIndented }) => isIndented || language === '');
    expect(bare.map(({ file, line }) => `${file}:${line}`)).toEqual([]);
  });

  it('is validated here, or has a test that runs it, or a reason', () => {
    const known = [...Object.keys(runBy), ...Object.keys(notRun)];
    const isValidated = (block: Block) => ['json', 'yaml'].includes(block.language);
    const others = blocks.filter((block) => !readByPeople.includes(block.language) && !isValidated(block));
    expect(others.map(keyOf).filter((key) => !known.includes(key))).toEqual([]);
    expect(known.filter((key) => !blocks.some((block) => keyOf(block) === key))).toEqual([]);
  });

  it.each(Object.entries(runBy))('%s is run by %s', (key, test) => {
    const text = readFileSync(test, 'utf8');
    const [, name = ''] = key.split(': ');
    const isNamed = text.includes(name) || (name === 'two commands' && text.includes("'npm', 'start'"));
    expect(isNamed).toBe(true);
  });
});

describe('YAML', () => {
  const whole: readonly string[] = [
    'docs/aggregate.md',
    'docs/keys.md',
    'docs/market-data.md: candles',
    'docs/security.md',
  ];
  const isWhole = (block: Block) => whole.includes(block.file) || whole.includes(keyOf(block));
  const dataFiles: Readonly<Record<string, (path: string) => unknown>> = {
    'docs/market-data.md: Calendars': readCalendar,
    'docs/market-data.md: Conditions': readConditions,
  };

  it.each(Object.entries(dataFiles))('%s is a valid data file', (key, read) => {
    const block = blocks.find((each) => each.language === 'yaml' && keyOf(each) === key);
    const folder = folderWith({ 'my.yml': block?.text ?? '' });
    expect(() => read(join(folder, 'my.yml'))).not.toThrow();
  });

  it.each(inLanguage('yaml').filter(([, block]) => isWhole(block)))('%s is a valid pipeline', (_key, block) => {
    expect(validated(filesOf([block])).text).toContain('pipeline.yml is valid');
  });

  it('of all other documents are parts of the shipped pipeline, which stays valid with them', () => {
    // `test/docs/testing-pipelines.test.ts` runs those that are tests, `test/docs/simulate.test.ts` the faults.
    const tests = ['README.md: test', 'docs/testing-pipelines.md: counters', 'docs/simulate.md: faults'];
    const isOther = (block: Block) => !isWhole(block) && !(keyOf(block) in dataFiles) && !tests.includes(keyOf(block));
    const others = inLanguage('yaml').filter(([, block]) => isOther(block));
    expect(others.map(([, block]) => keyOf(block))).toEqual([
      'README.md: processor',
      'README.md: endpoint',
      'docs/market-data.md: own bars',
      'docs/market-data.md: own route',
      'docs/migrate.md: processor',
      'docs/plugins.md: pipeline',
    ]);
  });

  it('README: the processor can be put into the shipped pipeline', () => {
    const { topologies } = parse(blockNamed('README.md', 'processor').text) as { topologies: { processor: object } };
    const shipped = parse(readFileSync('pipeline.yml', 'utf8')) as { topologies: Record<string, object> };
    const trades = ['conditions', 'received'];
    const edited = { ...shipped, topologies: { ...shipped.topologies, ...topologies } };
    const { fields } = (edited as unknown as { connectors: { trades: { fields: Record<string, string> } } }).connectors
      .trades;
    for (const field of trades) delete fields[field];
    expect(validShipped(stringify(edited, { aliasDuplicateObjects: false }))).toContain('pipeline.yml is valid');
  });

  it('README: the endpoint can be put into the shipped pipeline', () => {
    const routes = `    routes:\n${blockNamed('README.md', 'endpoint').text}`;
    const text = readFileSync('pipeline.yml', 'utf8').replace('    routes:\n', routes);
    expect(validShipped(text)).toContain('pipeline.yml is valid');
  });
});

function validShipped(text: string): string {
  using folder = temporaryFolder();
  const path = pipelineCopy(folder.path, [readFileSync('pipeline.yml', 'utf8'), text]);
  const request = { pipelinePath: path, profile: 'embedded', env: {}, components: { connectors, operators } };
  return validate({ ...request, folder: dirname(path) }).text;
}

describe('JSON', () => {
  it.each(inLanguage('json'))('%s can be read', (_key, { text }) => {
    expect(() => JSON.parse(text)).not.toThrow();
  });
});
const shell = blocks.filter(({ language }) => language === 'sh').flatMap(commandsOf);
const named = shell.map((command) => [`${keyOf(command.block)}: ${command.text}`, command] as const);

describe('shell', () => {
  it.each(named)('%s', async (_name, command) => {
    expect(await problemsOf(command)).toEqual([]);
  });

  it('sets variables that a document explains', () => {
    const explained = ['docs/command-line.md', 'docs/deploy.md'].map((file) => readFileSync(file, 'utf8')).join();
    const set = shell.flatMap(({ env }) => Object.keys(env));
    expect(set.filter((variable) => !explained.includes(`\`${variable}\``))).toEqual([]);
  });
});

describe('links between the documents', () => {
  it.each(documents().map((file) => [file]))('%s: lead to files and headings that there are', (file) => {
    const links = [...readFileSync(file, 'utf8').matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)];
    const broken = links.filter(([, path = '', anchor]) => {
      const target = path === '' ? file : join(dirname(file), path);
      if (!existsSync(target)) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(broken.map(([link]) => link)).toEqual([]);
  });
});

/** As GitHub makes them of headings. */
function anchorsOf(file: string): readonly string[] {
  const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => heading);
  return headings.map((heading) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replace(/\s/g, '-'),
  );
}

it('README is short', () => {
  expect(readFileSync('README.md', 'utf8').split('\n').length).toBeLessThan(200);
});
