import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { fdpArguments, parsed, type ShellCommand } from '../support/docs/commands.ts';

/** Programs of others. */
const foreign = ['bash', 'chmod', 'curl', 'echo', 'mkdir', 'nc', 'open', 'printf', 'scp', 'ssh', 'sudo', 'tee'];
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

/** What a command of a document gets wrong, one line each. */
export async function problemsOf(command: ShellCommand): Promise<readonly string[]> {
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
