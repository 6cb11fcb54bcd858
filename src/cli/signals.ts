import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { Runtime } from '../engine/runtime.ts';
import type { Clock } from '../kit/clock.ts';
import type { Logger } from '../kit/environment.ts';

/** npm passes a signal on that the terminal has sent to all already; what comes again within this time is the same one, ms. */
const echoMs = 500;
/** How often it is looked whether who started the process is still there, ms. */
const parentMs = 250;

/** What npm starts a command with, as `ps` names them. */
const shells = new Set(['sh', 'ash', 'dash', 'bash', 'zsh', 'ksh', 'busybox']);

/** The signals that stop a process. Windows sends SIGHUP when the window is closed, and SIGBREAK on Ctrl-Break. */
export const stopSignals: readonly NodeJS.Signals[] = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  ...(process.platform === 'win32' ? (['SIGBREAK'] as const) : []),
];

interface Stopping {
  readonly clock: Clock;
  readonly log: Logger;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Drains the runtime on a signal, and forces it on a second one. npm and its shell may end on a signal without passing it
 * on, or pass it on twice: started by them, the end of whoever started this process is taken for a signal, and the echo of
 * one is not taken for the second. The returned function removes all handlers.
 */
export function stopOnSignals(runtime: Pick<Runtime, 'drain' | 'force'>, { clock, log, env }: Stopping): () => void {
  const byNpm = env['npm_lifecycle_event'] !== undefined || env['npm_command'] !== undefined;
  let last: number | undefined;
  const stop = (signal: string) => {
    const now = clock.monotonic();
    const isEcho = byNpm && last !== undefined && now - last < echoMs;
    if (isEcho) return;
    const isFirst = last === undefined;
    last = now;
    log.info({ signal }, isFirst ? `${signal}: stopping; send it again to force the stop` : `${signal}: forced`);
    if (isFirst) runtime.drain();
    else runtime.force();
  };
  for (const signal of stopSignals) process.on(signal, stop);
  const letGo = byNpm
    ? watchParent(clock, () => last === undefined && stop('the process that started this one has ended'))
    : () => {};
  return () => {
    letGo();
    for (const signal of stopSignals) process.off(signal, stop);
  };
}

function watchParent(clock: Clock, onGone: () => void): () => void {
  const parent = process.ppid;
  let npm = parent;
  void behindShell(parent).then((found) => {
    npm = found;
  });
  let cancel = () => {};
  const check = () => {
    if (process.ppid !== parent || !isAlive(parent) || !isAlive(npm)) onGone();
    else cancel = clock.timer(parentMs, check);
  };
  check();
  return () => cancel();
}

/** Who started a shell, which waits for its command and ends with nobody; the process itself if it is none. */
async function behindShell(pid: number): Promise<number> {
  try {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'ppid=,comm=', '-p', String(pid)]);
    const [, starter, command = ''] = /^\s*(\d+)\s+(.*\S)/.exec(stdout) ?? [];
    return shells.has(basename(command).replace(/^-/, '')) ? Number(starter) : pid;
  } catch {
    return pid; // Windows, or a small container: there is no ps.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // One that belongs to somebody else is there as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
