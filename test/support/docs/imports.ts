import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

// Compares the imports between folders with the table of docs/architecture.md, which is the rule. `--draw` prints them.

const document = 'docs/architecture.md';
/** Every folder may import these. */
const common = ['src/errors.ts'];

/** A row of the table: a folder or a file, and what it may import in addition to itself. */
interface Rule {
  readonly room: string;
  readonly may: readonly string[];
  /** Each of its subfolders is a room of its own. */
  readonly isSplit: boolean;
}

/** One import of file `to` by file `from`, as paths from the root. */
interface Import {
  readonly from: string;
  readonly to: string;
}

/** The rules of the table, the longest path first. */
export function readRules(text: string): readonly Rule[] {
  const rows = text.split('\n').filter((line) => /^\| `/.test(line));
  const rules = rows.flatMap((row) => {
    const [, names = '', what = '', allowed = '', end] = row.split('|').map((cell) => cell.trim());
    if (end === undefined || allowed === '-') return [];
    const words = allowed.replace('the kit', '`src/kit/`').replace('the engine', '`src/engine/`');
    const may = allowed === 'all' ? [''] : pathsIn(words);
    return pathsIn(names).map((room) => ({ room, may, isSplit: what.startsWith('a folder each') }));
  });
  return rules.sort((one, other) => other.room.length - one.room.length);
}

function pathsIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, path = '']) => path);
}

/** The rule for a file, and the file's room. */
function roomOf(file: string, rules: readonly Rule[]): { readonly room: string; readonly rule: Rule } | undefined {
  const rule = rules.find(({ room }) => file === room || (room.endsWith('/') && file.startsWith(room)));
  if (!rule) return undefined;
  const below = file.slice(rule.room.length).split('/');
  return { rule, room: rule.isSplit && below.length > 1 ? `${rule.room}${below[0]}/` : rule.room };
}

/** Imports that the table does not allow, and those of files that the table does not have. */
export function forbidden(imports: readonly Import[], rules: readonly Rule[]): readonly Import[] {
  return imports.filter(({ from, to }) => {
    const own = roomOf(from, rules);
    if (!own) return true;
    if (to.startsWith(own.room) || common.includes(to)) return false;
    const target = roomOf(to, rules)?.room ?? to;
    return !own.rule.may.some((allowed) => (allowed === '' ? true : target === allowed || to === allowed));
  });
}

/** The imports between the sources, including types and dynamic imports. */
function importsOf(folders: readonly string[]): readonly Import[] {
  const files = folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  );
  return files
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
    .flatMap((from) =>
      ts
        .preProcessFile(readFileSync(from, 'utf8'))
        .importedFiles.filter(({ fileName }) => fileName.startsWith('.'))
        .map(({ fileName }) => ({ from, to: join(dirname(from), fileName) })),
    );
}

/** `src/engine/ -> src/kit/ 120`: one line for each pair of rooms. */
function drawn(imports: readonly Import[], rules: readonly Rule[]): string {
  const counts = new Map<string, number>();
  for (const { from, to } of imports) {
    const [one, other] = [roomOf(from, rules)?.room, roomOf(to, rules)?.room ?? to];
    if (one && one !== other) counts.set(`${one} -> ${other}`, (counts.get(`${one} -> ${other}`) ?? 0) + 1);
  }
  return [...counts]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([pair, count]) => `${pair} ${count}\n`)
    .join('');
}

function main(): void {
  const rules = readRules(readFileSync(document, 'utf8'));
  const imports = importsOf(['src', 'connectors', 'operators', 'page']);
  const wrong = forbidden(imports, rules);
  if (process.argv.includes('--draw')) process.stdout.write(drawn(imports, rules));
  for (const { from, to } of wrong) process.stderr.write(`${from}: imports ${to}, which ${document} does not allow\n`);
  if (wrong.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
