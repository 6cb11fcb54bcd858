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
import { commandsOf, fdpArguments, parsed, type ShellCommand } from '../support/docs/commands.ts';
import { filesOf, validated } from '../support/docs/pipelines.ts';
import { folderWith } from '../support/pipeline/spec.ts';
import { notRun, runBy } from './run-by.ts';

// Every block of code in README.md, CONTRIBUTING.md and docs/ is validated here, run by the test that is named here, or has
// a reason here why no test runs it. docs/reference/ has a test of its own.

const readByPeople = ['mermaid', 'text'];

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

/** Programs of others. */
const foreign = ['bash', 'chmod', 'curl', 'echo', 'mkdir', 'nc', 'open', 'printf', 'scp', 'ssh', 'sudo', 'tee'];
const shell = blocks.filter(({ language }) => language === 'sh').flatMap(commandsOf);
const named = shell.map((command) => [`${keyOf(command.block)}: ${command.text}`, command] as const);
const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> };
const topologyNames = Object.keys(
  Object.assign(
    {},
    ...[
      'pipeline.yml',
      ...['dashboard', 'live', 'simulation', 'simulator'].map((name) => `topologies/${name}.yml`),
    ].map((file) => parse(readFileSync(file, 'utf8')).topologies),
  ) as object,
);

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

async function problemsOf(command: ShellCommand): Promise<readonly string[]> {
  const { words } = command;
  const args = fdpArguments(command);
  if (args) return fdpProblems(args);
  const [program = '', ...rest] = words;
  if (program === 'npm') return npmProblems(rest);
  if (program === 'npx' && rest[0] === 'vitest') return [];
  if (program === 'docker') return dockerProblems(rest);
  return foreign.includes(program) ? [] : [`unknown program ${program}`];
}

async function fdpProblems(args: readonly string[]): Promise<readonly string[]> {
  const { problem, topologies } = await parsed(args);
  const unknown = topologies.filter((name) => !topologyNames.includes(name) && name !== 'NAME');
  return [...(problem ? [problem] : []), ...unknown.map((name) => `there is no topology ${name}`)];
}

function npmProblems([command = '', script = '']: readonly string[]): readonly string[] {
  if (['ci', 'cit', 'init', 'install', 'pack', 'pkg'].includes(command)) return [];
  const name = command === 'run' ? script : command;
  return name in scripts ? [] : [`package.json has no script ${name}`];
}

/** Services of Compose, and the `fdp` within a container. */
async function dockerProblems(words: readonly string[]): Promise<readonly string[]> {
  if (words[0] !== 'compose')
    return ['build', 'login', 'push', 'run'].includes(words[0] ?? '') ? [] : [`docker ${words[0]}`];
  const services = Object.keys(parse(readFileSync('docker-compose.yml', 'utf8')).services);
  const [, command = '', ...rest] = words;
  const scaled = rest.find((word) => word.includes('='))?.split('=')[0];
  const inside = rest.indexOf('node');
  const service = command === 'exec' || command === 'logs' ? rest.find((word) => !word.startsWith('-')) : scaled;
  const missing = service !== undefined && !services.includes(service) ? [`there is no service ${service}`] : [];
  const started = inside === -1 ? [] : await fdpProblems(rest.slice(inside + 2));
  return [...missing, ...started, ...(['up', 'exec', 'logs', 'down'].includes(command) ? [] : [`compose ${command}`])];
}

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
