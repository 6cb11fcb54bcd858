import { basename } from 'node:path';

/** The name of the program, which texts have, and its other name: the package installs both. */
export const programNames = ['fdp', 'fdp-run'] as const;

/** The name that it was called by, which help and errors show; where a launcher hides it, the first. */
export function programName(script = process.argv[1] ?? ''): (typeof programNames)[number] {
  return basename(script) === 'fdp-run' ? 'fdp-run' : 'fdp';
}

/** How its user can call it again: through npx if npx has called it. */
export function calledAs(env = process.env, script?: string): string {
  return env['npm_command'] === 'exec' ? `npx ${programName(script)}` : programName(script);
}
