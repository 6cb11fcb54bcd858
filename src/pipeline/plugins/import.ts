import { realpathSync } from 'node:fs';
import { dirname, extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { errorText } from '../../errors.ts';
import { type Clock, endedWithin } from '../../kit/clock.ts';
import { tellingOfExit, unblocked } from './import-guard.ts';
import { PluginError } from './mistake.ts';

/** How long a plugin may take to be imported, ms. */
const importMs = 10_000;
const typescript = ['.ts', '.mts', '.cts'];
const stripping = 'Node.js 22.18 and newer (of 23: 23.6) strips types';
const compile = 'compile it to JavaScript, and list that file';

/**
 * Imports the file of a plugin.
 * @throws PluginError with what Node.js has against it, or what it throws itself
 */
export async function importPlugin(path: string, clock: Clock): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await tellingOfExit(
      () => tellOfExit(path),
      () => unblocked(importMs, () => importInTime(path, clock)),
    );
  } catch (error) {
    throw error instanceof PluginError ? error : explained(error, path);
  }
}

async function importInTime(path: string, clock: Clock): Promise<Readonly<Record<string, unknown>>> {
  const { href } = pathToFileURL(path);
  const imported = import(/* @vite-ignore */ href) as Promise<Readonly<Record<string, unknown>>>;
  if (await endedWithin(clock, importMs, imported)) return imported;
  throw new PluginError(
    `has not been imported within ${importMs / 1000} s`,
    'a loop, or an `await` outside of functions, holds it up: wait in `create` or `connect`',
  );
}

/** Nothing can be reported in the usual way any more: the process is ending. */
function tellOfExit(path: string): void {
  process.exitCode = 2;
  process.stderr.write(`plugin ${path}: ended the process while it was imported: remove its process.exit()\n`);
}

function explained(error: unknown, path: string): PluginError {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  const [first = ''] = errorText(error).split('\n');
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    if (!typescript.includes(extname(path)))
      return new PluginError('a plugin is a file of JavaScript (.js, .mjs) or TypeScript (.ts)', undefined, error);
    return new PluginError(`Node.js ${process.version} runs no TypeScript`, `${stripping}; or ${compile}`, error);
  }
  if (code === 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING')
    return new PluginError(
      'a package has to have JavaScript: Node.js strips no types in node_modules',
      undefined,
      error,
    );
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    const hint = `no enum, namespace or parameter property can be stripped: write an object, a module, a field; or ${compile}`;
    return new PluginError(`Node.js can't strip its types: ${first}${lineOf(error, path)}`, hint, error);
  }
  const [, wanted] = /^Cannot find package '([^']+)'/.exec(first) ?? [];
  if (code === 'ERR_MODULE_NOT_FOUND' && wanted !== undefined)
    return new PluginError(`imports the package "${wanted}", which is not installed`, installing(wanted, path), error);
  // The stack of an error of syntax does not lead to it, unless it was thrown: by what reads JSON, say.
  if (error instanceof SyntaxError && !wasThrownIn(path, error))
    return new PluginError(`can't be read: ${first}`, `where: node ${path}`, error);
  return new PluginError(`failed while it was imported: ${first}${lineOf(error, path)}`, undefined, error);
}

/** Node.js looks for the packages of a file behind a link from where the file is. */
function installing(wanted: string, path: string): string {
  const folder = dirname(realpathSync(path));
  const isElsewhere = folder !== dirname(path);
  return `npm install ${wanted}${isElsewhere ? `, in ${folder} or above it: the file is there, behind a link` : ''}`;
}

/** Whether the file was running: a frame of the stack is in it. */
function wasThrownIn(path: string, { stack = '' }: Error): boolean {
  const frames = stack.slice(stack.indexOf('\n    at '));
  return [pathToFileURL(path).href, path].some((each) => frames.includes(`${each}:`));
}

/** ` (line 3)`, if the stack leads into the file. */
function lineOf(error: unknown, path: string): string {
  const { stack = '' } = (error ?? {}) as { readonly stack?: string };
  const name = [pathToFileURL(path).href, path].find((each) => stack.includes(`${each}:`));
  const [line] = (name && /^\d+/.exec(stack.slice(stack.indexOf(`${name}:`) + name.length + 1))) || [];
  return line === undefined ? '' : ` (line ${line})`;
}
