import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';

/** A server under test, which can be frozen, killed and restarted. */
export interface Service {
  /** The address for clients: brokers of Kafka, URL of MongoDB. The same after a restart. */
  readonly address: string;
  /** Freezes it (SIGSTOP): connections stay open, but it does not respond. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Kills it (SIGKILL), and keeps its data. */
  kill(): Promise<void>;
  /** Ends it cleanly (SIGTERM), and keeps its data. */
  terminate(): Promise<void>;
  /** Starts it again with the same data and port; resolves when it responds. */
  restart(): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

export interface ServiceCommand {
  readonly name: string;
  readonly address: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Removed by `stop`. */
  readonly folder: string;
  /** Resolves if the server responds, otherwise throws. */
  ready(): Promise<void>;
}

const startLimitMs = 60_000;
const textKept = 20_000;
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a server as a child process, which ends with this process. */
export async function startProcess(given: ServiceCommand): Promise<Service> {
  let child = await launch(given);
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    child.kill('SIGCONT');
    await exited;
  };
  return {
    address: given.address,
    pause: async () => {
      child.kill('SIGSTOP');
      while (isAwake(child.pid)) await new Promise((resolve) => setTimeout(resolve, 5));
    },
    resume: async () => void child.kill('SIGCONT'),
    kill: () => end('SIGKILL'),
    terminate: () => end('SIGTERM'),
    restart: async () => {
      await end('SIGTERM');
      child = await launch(given);
    },
    stop: async () => {
      await end('SIGKILL');
      rmSync(given.folder, { recursive: true, force: true });
    },
  };
}

/** True if one of its threads still runs. On a busy machine a signal takes time. */
function isAwake(pid: number | undefined): boolean {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return false;
  try {
    return readdirSync(tasks).some((task) => !/\) [TZX] /.test(readFileSync(`${tasks}/${task}/stat`, 'utf8')));
  } catch {
    return true; // a thread has just ended
  }
}

async function launch({ name, command, args, folder, ready }: ServiceCommand): Promise<ChildProcess> {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let output = '';
  const hear = (chunk: Buffer) => {
    output = (output + chunk).slice(-textKept);
  };
  child.stdout?.on('data', hear);
  child.stderr?.on('data', hear);
  let over: string | undefined;
  child.once('error', (error) => {
    over = String(error);
  });
  child.once('exit', (code, signal) => {
    running.delete(child);
    over = `it ended with ${code ?? signal}`;
  });
  await untilReady(ready, () => over).catch((error) => {
    child.kill('SIGKILL');
    throw new Error(`${name} did not start: ${String(error)}\n${output}`, { cause: error });
  });
  return child;
}

/** Polls until the server responds; fails after a minute, or when `over` returns why it never will. */
export async function untilReady(ready: () => Promise<void>, over: () => string | undefined): Promise<void> {
  const end = performance.now() + startLimitMs;
  for (;;) {
    try {
      return await ready();
    } catch (error) {
      const reason = over() ?? (performance.now() > end ? String(error) : undefined);
      if (reason !== undefined) throw new Error(reason, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
