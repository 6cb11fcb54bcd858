import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { errorText } from '../../errors.ts';
import { parseJson } from '../../kit/json.ts';
import { PluginError } from './mistake.ts';

/** `fdp-redis`, `@team/fdp-redis`, each with a path below it. */
const packagePattern = /^((?:@[\w.~-]+\/)?[\w~][\w.~-]*)(\/[^\0]+)?$/;
/** What Node.js chooses by in `exports` when a module imports. */
const conditions = ['node', 'import', 'module-sync', 'default'];

/**
 * The file of a plugin: a path that begins with `./`, `../` or `/` is relative to the folder, anything else the name of a
 * package that is installed there or above.
 * @throws PluginError when there is none
 */
export function locate(name: string, folder: string): string {
  if (isPath(name)) return fileAt(resolve(folder, name), 'there is no such file');
  const [, packageName, below = ''] = packagePattern.exec(name) ?? [];
  if (packageName === undefined) throw new PluginError('expected the path of a file, or the name of a package');
  const root = packageFolder(packageName, folder);
  if (root === undefined) throw notInstalled(name, packageName, folder);
  return fileAt(join(root, entryOf(root, `.${below}`)), `the package has no file for "${name}"`);
}

/** Whether a plugin is a file of its own. */
function isPath(name: string): boolean {
  return /^\.{1,2}[\\/]/.test(name) || isAbsolute(name);
}

function fileAt(path: string, otherwise: string): string {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) throw new PluginError(otherwise, `looked for ${path}`);
  if (!stats.isFile()) throw new PluginError('this is not a file', `looked at ${path}`);
  return path;
}

function notInstalled(name: string, packageName: string, folder: string): PluginError {
  const text = `there is no package "${packageName}"`;
  const asFile = existsSync(resolve(folder, name));
  return new PluginError(
    text,
    asFile ? `a file begins with ./: "./${name}"` : `in ${folder}: npm install ${packageName}`,
  );
}

function packageFolder(name: string, folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const root = join(at, 'node_modules', name);
    if (existsSync(join(root, 'package.json'))) return root;
    if (dirname(at) === at) return undefined;
  }
}

/** The file of a package, or of a path below it, relative to its folder. */
function entryOf(root: string, path: string): string {
  const { exports, main = 'index.js' } = manifestOf(root);
  if (exports === undefined || exports === null) return path === '.' ? withExtension(root, main) : path;
  const hasPaths = typeof exports === 'object' && Object.keys(exports).some((key) => key.startsWith('.'));
  const found = chosen(hasPaths ? (exports as Record<string, unknown>)[path] : path === '.' ? exports : undefined);
  if (found === undefined) throw new PluginError(`the package exports nothing as "${path}"`);
  return found;
}

function manifestOf(root: string): { readonly exports?: unknown; readonly main?: string } {
  try {
    return parseJson(readFileSync(join(root, 'package.json'))) as {
      readonly exports?: unknown;
      readonly main?: string;
    };
  } catch (error) {
    throw new PluginError(`package.json can't be read: ${errorText(error)}`, `looked at ${root}`);
  }
}

/** `main` may leave out the extension, or name a folder. */
function withExtension(root: string, main: string): string {
  const names = [main, `${main}.js`, join(main, 'index.js')];
  return names.find((name) => statSync(join(root, name), { throwIfNoEntry: false })?.isFile()) ?? main;
}

/** The first target whose condition holds. */
function chosen(target: unknown): string | undefined {
  if (typeof target === 'string') return target;
  if (typeof target !== 'object' || target === null) return undefined;
  const targets = Array.isArray(target)
    ? target
    : Object.entries(target).flatMap(([condition, each]) => (conditions.includes(condition) ? [each] : []));
  for (const each of targets) {
    const found = chosen(each);
    if (found !== undefined) return found;
  }
  return undefined;
}
