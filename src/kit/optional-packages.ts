import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { FdpError } from '../errors.ts';
import { parseJson } from './json.ts';
import { packageRoot } from './package-root.ts';

/**
 * A module that needs packages which an installation may leave out: `optionalDependencies`, with `--omit=optional`.
 * @throws FDP_NOT_SUPPORTED, with the command that installs them, if one of them is missing
 */
export async function withPackages<T>(packages: readonly string[], who: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    throw lacking(packages, who, error);
  }
}

/** What to throw for an error of the loader: any other than of one of these packages stays as it is. */
export function lacking(packages: readonly string[], who: string, error: unknown): unknown {
  const { message = '' } = (error ?? {}) as { readonly message?: string };
  const [, found = ''] = /^Cannot find (?:package|module) '([^']+)'/.exec(message) ?? [];
  if (!packages.some((name) => found === name || found.startsWith(`${name}/`))) return error;
  const versions = packages.map((name) => `${name}@${versionOf(name)}`).join(' ');
  const [first = '', ...others] = packages;
  const what = others.length === 0 ? `the package ${first} is` : `the packages ${packages.join(', ')} are`;
  return new FdpError('FDP_NOT_SUPPORTED', `${who}: ${what} not installed: npm install ${versions}`, { cause: error });
}

/** The one that fdp is tested with. */
function versionOf(name: string): string {
  const { optionalDependencies } = parseJson(readFileSync(join(packageRoot(), 'package.json'))) as {
    readonly optionalDependencies: Readonly<Record<string, string>>;
  };
  return optionalDependencies[name]?.replace('^', '') ?? 'latest';
}
