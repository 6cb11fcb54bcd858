import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { resolve } from 'node:path';

type Environment = Readonly<Record<string, string>>;

interface RunOptions {
  readonly folder?: string;
  readonly env?: Environment;
  readonly input?: string;
  /** Where the output goes: a full disk, or a pipe whose reader has gone. */
  readonly output?: 'gone' | '/dev/full';
}

/** Runs a command that ends by itself, in any folder. */
export async function ends(args: readonly string[], { folder = '.', env = {}, input, output }: RunOptions = {}) {
  const child = spawn(process.execPath, [resolve('bin/fdp-run.js'), ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['pipe', output === '/dev/full' ? openSync(output, 'w') : 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    stderr += chunk;
  });
  if (output === 'gone') child.stdout?.destroy();
  child.stdin?.on('error', () => {});
  child.stdin?.end(input);
  const [code] = await once(child, 'close');
  return { code, stdout, stderr };
}
