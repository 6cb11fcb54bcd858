import { basename, extname } from 'node:path';

/** The names of the program: the package installs both. */
export const programNames = ['fdp', 'fdp-run'] as const;

/** The name that it was called by, which help and errors show; that of its file where a launcher hides the name. */
export function programName(script = process.argv[1] ?? ''): (typeof programNames)[number] {
  return basename(script, extname(script)) === 'fdp' ? 'fdp' : 'fdp-run';
}

/** How its user can call it again: through npx if npx has called it. */
export function calledAs(env = process.env, script?: string): string {
  return env['npm_command'] === 'exec' ? `npx ${programName(script)}` : programName(script);
}
