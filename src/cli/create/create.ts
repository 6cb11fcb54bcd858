import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseJson } from '../../kit/json.ts';
import { usageOf } from '../shared/usage.ts';
import type { CommandResult } from '../validate.ts';
import { celFunction } from './function.ts';
import { operator } from './operator.ts';
import { sink } from './sink.ts';
import { source } from './source.ts';
import type { Template } from './template.ts';

const usage = usageOf('create');
const kinds: Readonly<Record<string, { readonly template: Template; readonly folder: string }>> = {
  operator: { template: operator, folder: 'operators' },
  source: { template: source, folder: 'connectors' },
  sink: { template: sink, folder: 'connectors' },
  function: { template: celFunction, folder: 'functions' },
};

/** What `fdp create` can write. */
export const createKinds = Object.keys(kinds);

/** Words of JavaScript that no variable can have as its name. */
const words =
  'arguments await break case catch class const continue debugger default delete do else enum eval export extends false finally for function if implements import in instanceof interface let new null package private protected public return static super switch this throw true try typeof var void while with yield';

interface Creating {
  readonly kind: string;
  readonly name: string;
  /** Where, from the folder; else the usual one of the kind. */
  readonly dir?: string;
  /** Whether Node.js runs TypeScript: that of this process unless given. */
  readonly stripsTypes?: boolean;
}

/**
 * `fdp create KIND NAME`: writes a plugin and its test, in TypeScript where this Node.js runs it, else in JavaScript.
 * @throws FDP_USAGE for another kind or a name that can't be one, or if one of the files exists: nothing is overwritten
 */
export function create(folder: string, { kind, name, dir, stripsTypes = doesStrip() }: Creating): CommandResult {
  const known = kinds[kind];
  if (!Object.hasOwn(kinds, kind) || !known) throw usage(`expected one of ${createKinds.join(', ')}, got "${kind}"`);
  const variable = name.replace(/[-_]([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase());
  if (!/^[a-z][a-z0-9]*([-_][a-z0-9]+)*$/.test(name) || name.length > 60)
    throw usage(`"${name}" can't be a name: small letters, digits and - between them, such as price-spread`);
  if (words.split(' ').includes(variable)) throw usage(`"${name}" can't be a name: it is a word of JavaScript`);
  const below = dir ?? known.folder;
  const module = isModule(resolve(folder, below)) ? '' : 'm';
  const extension = `${module}${stripsTypes ? 'ts' : 'js'}`;
  const names = { type: name.replaceAll('-', '_'), variable, module: `./${name}.${module}js` };
  const [file, test] = [join(below, `${name}.${extension}`), join(below, `${name}.test.${extension}`)];
  const there = [file, test].filter((path) => existsSync(resolve(folder, path)));
  if (there.length > 0)
    throw usage(`${there.join(' and ')} ${there.length === 1 ? 'exists' : 'exist'} already; nothing was written`);
  mkdirSync(resolve(folder, below), { recursive: true });
  writeFileSync(resolve(folder, file), known.template.source(names), { flag: 'wx' });
  writeFileSync(resolve(folder, test), known.template.test(names), { flag: 'wx' });
  const text = `wrote ${file} and ${test}
plugins: [${listed(file)}]    in pipeline.yml, and the pipeline can use it
npx vitest run ${test}    runs its test; it needs fdp and vitest: npm install fdp && npm install -D vitest
`;
  return { text, exitCode: 0 };
}

/** As `plugins` lists it. */
function listed(file: string): string {
  const path = file.replaceAll('\\', '/');
  return /^(\.{1,2}\/|\/|[A-Za-z]:)/.test(path) ? path : `./${path}`;
}

function doesStrip(): boolean {
  const { typescript } = process.features as { readonly typescript?: unknown };
  return Boolean(typescript);
}

/** Whether files of a folder are modules by their package.json; others say it by their extension. */
function isModule(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    const path = join(at, 'package.json');
    if (existsSync(path)) return (parseJson(readFileSync(path)) as { readonly type?: unknown }).type === 'module';
    if (dirname(at) === at) return false;
  }
}
