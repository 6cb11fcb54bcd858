import { execFile } from 'node:child_process';
import { basename } from 'node:path';
import { promisify } from 'node:util';
import type { Runtime } from '../../engine/runtime.ts';
import type { Clock } from '../../kit/clock.ts';
import type { Logger } from '../../kit/environment.ts';

/**
 * npm forwards a signal that the terminal has already sent to all; a repetition within this time is the same signal,
 * ms.
 */
const echoMs = 500;
/** How often the parent process is checked, ms. */
const parentMs = 250;

/** Shells that npm starts commands with, as `ps` names them. */
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
 * Drains the runtime on a signal, and forces it on a second one. npm and its shell may end on a signal without passing
 * it on, or pass it on twice: if they started this process, the end of the parent counts as a signal, and the echo of a
 * signal does not count as a second one. The returned function removes all handlers.
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

/** The parent of a shell, which itself waits for its command; the process itself if it is not a shell. */
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
    // A process of another user exists as well.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
