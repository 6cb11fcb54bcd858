import { readdirSync, readFileSync } from 'node:fs';

/** Ticks of the kernel's clock in a second, as `/proc` counts CPU time on Linux. */
const ticksPerSecond = 100;

/** CPU seconds of a process so far, all its threads, user and system; 0 if it has ended. */
export function cpuSeconds(pid: number | undefined): number {
  const text = read(pid, 'stat');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / ticksPerSecond;
}

/** The most memory that a process has held so far (its resident set), MiB. */
export function peakMiB(pid: number | undefined): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(read(pid, 'status')) ?? [];
  return Math.round(Number(kib ?? 0) / 1024);
}

/**
 * The child of this process that runs a command; undefined when it runs elsewhere (in a container, on another machine).
 */
export function childNamed(command: string): number | undefined {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0)
    .find((pid) => {
      const [, name, rest = ''] = /^\d+ \((.*)\) (.*)/.exec(read(pid, 'stat')) ?? [];
      return name === command && rest.split(' ')[1] === String(process.pid);
    });
}

function read(pid: number | undefined, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
