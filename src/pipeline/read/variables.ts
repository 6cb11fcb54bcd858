import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { errorText } from '../../errors.ts';
import { readAdvice } from '../../kit/rights.ts';

/** The value of a variable: its text, undefined (not set), or the reason why its file can't be read. */
export type Lookup = { readonly text: string } | { readonly problem: string; readonly hint?: string } | undefined;

/** The environment of a pipeline: the real one, then `.env` beside the pipeline, then the file `NAME_FILE` names. */
export interface Variables {
  /**
   * The variable's text; for an unset one the content of the file that `NAME_FILE` names, without its last line end.
   */
  get(name: string): Lookup;
  /** The real environment over that of `.env`. */
  readonly all: Readonly<Record<string, string | undefined>>;
}

const maxFileBytes = 1024 * 1024;

/** Reads `.env` in `folder`, which may be missing. Paths in `NAME_FILE` are relative to `folder`. */
export function readVariables(folder: string, env: Readonly<Record<string, string | undefined>>): Variables {
  const all: Record<string, string | undefined> = { ...readDotEnv(folder) };
  for (const [name, value] of Object.entries(env)) if (value !== undefined) all[name] = value;
  const files = new Map<string, Lookup>();
  const get = (name: string): Lookup => {
    const text = Object.hasOwn(all, name) ? all[name] : undefined;
    if (text !== undefined) return { text };
    const path = Object.hasOwn(all, `${name}_FILE`) ? all[`${name}_FILE`] : undefined;
    if (!path) return undefined;
    const known = files.get(path) ?? readSecret(`${name}_FILE`, resolve(folder, path));
    files.set(path, known);
    return known;
  };
  return { all, get };
}

function readDotEnv(folder: string): NodeJS.Dict<string> {
  const path = join(folder, '.env');
  try {
    return statSync(path).isFile() ? parseEnv(readFileSync(path, 'utf8')) : {};
  } catch {
    return {};
  }
}

function readSecret(name: string, path: string): Lookup {
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > maxFileBytes)
      return { problem: `${name} names ${path}, which is no file of at most 1 MiB` };
    return { text: readFileSync(path, 'utf8').replace(/(\r?\n)+$/, '') };
  } catch (error) {
    const hint = readAdvice(path) ?? 'check the path: it is taken from the folder of the pipeline';
    return { problem: `${name} names a file that can't be read: ${errorText(error)}`, hint };
  }
}
