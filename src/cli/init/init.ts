import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { packageRoot } from '../../kit/package-root.ts';
import { calledAs } from '../shared/program.ts';
import { usageOf } from '../shared/usage.ts';
import type { CommandResult } from '../validate.ts';
import { minimal } from './minimal.ts';

/** What `init` can write. */
export const templateNames = ['platform', 'minimal'] as const;
type TemplateName = (typeof templateNames)[number];

interface Template {
  /** What is written, shown as this. */
  readonly parts: readonly string[];
  /** The texts of its files, by path. */
  files(): Readonly<Record<string, string>>;
  /** What running it shows. */
  readonly shows: string;
}

/**
 * The shipped pipeline: the file, its profiles, what it includes, its tests, and the schemas for editors. Calendars and
 * conditions of fdp are found by their names in the package.
 */
const platformParts = [
  'pipeline.yml',
  'config',
  'topologies',
  'tests',
  'pipeline.schema.json',
  'pipeline.test.schema.json',
];

const templates: Readonly<Record<TemplateName, Template>> = {
  platform: {
    parts: platformParts,
    files: () => Object.fromEntries(platformParts.flatMap(filesOf)),
    shows: 'runs it, on the mock market: http://127.0.0.1:8000',
  },
  minimal: {
    parts: Object.keys(minimal),
    files: () => minimal,
    shows: 'runs it: a line for each trade, and all of them in data/store.db',
  },
};

const usage = usageOf('init');
const mostNamed = 3;

export interface InitFlags {
  readonly template: TemplateName;
}

interface Writing extends InitFlags {
  /** Where, from the folder; the folder itself unless given. */
  readonly dir?: string | undefined;
}

/**
 * `fdp init`: writes a pipeline and its tests into a folder, which is made if it is missing.
 * @throws FDP_USAGE if the folder is none, or one of the files exists: nothing is written then
 */
export function init(from: string, { template, dir = '' }: Writing): CommandResult {
  const folder = resolve(from, dir);
  if (isOtherThanFolder(folder)) throw usage(`${dir} is no folder`);
  const { parts, files, shows } = templates[template];
  const all = Object.entries(files());
  const there = all.map(([name]) => name).filter((name) => isTaken(folder, name));
  if (there.length > 0) {
    const more = there.length > mostNamed ? ` and ${there.length - mostNamed} more` : '';
    const names = `${there.slice(0, mostNamed).join(', ')}${more} ${there.length === 1 ? 'exists' : 'exist'}`;
    throw usage(`${names} already in ${dir || 'this folder'}; nothing was written`);
  }
  for (const [name, text] of all) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text, { flag: 'wx' });
  }
  const program = calledAs();
  const text = `wrote ${parts.join(', ')}${dir && ` to ${dir}`}
${dir && `cd ${/^[\w./-]+$/.test(dir) ? dir : JSON.stringify(dir)}\n`}${program} validate      checks it
${program} test          runs its tests
${program}               ${shows}
`;
  return { text, exitCode: 0 };
}

/** Whether a file is there, or a link that leads nowhere, or something else in place of its folder. */
function isTaken(folder: string, name: string): boolean {
  const path = join(folder, name);
  return isOtherThanFolder(dirname(path)) || lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function isOtherThanFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
}

/** The files of a part of the package, by path. */
function filesOf(part: string): readonly (readonly [string, string])[] {
  const path = join(packageRoot(), part);
  if (!statSync(path).isDirectory()) return [[part, readFileSync(path, 'utf8')]];
  return readdirSync(path).flatMap((name) => filesOf(join(part, name)));
}
