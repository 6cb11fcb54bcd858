import type { Clock } from './clock.ts';
import type { Logger } from './environment.ts';

/** A log for what may happen thousands of times a second: at most one line per key and interval. */
export interface LimitedLog {
  warn(key: string, fields: object, text: string): void;
  error(key: string, fields: object, text: string): void;
  /** Writes the lines held back since each key's last line; for the end of a run. */
  flush(): void;
}

interface Entry {
  /** Monotonic ms of the last line. */
  writtenAt: number;
  suppressed: number;
  /** Writes the latest line that was held back. */
  latest: ((suppressed: number) => void) | undefined;
}

const maxKeys = 1000;

/**
 * Logs the first line of a key at once and holds back those that follow within `everyMs`; the next
 * line that passes carries their number as `suppressed`. Remembers the 1000 keys that were written
 * last; starts no timer.
 */
export function limited(log: Logger, clock: Clock, everyMs: number): LimitedLog {
  const entries = new Map<string, Entry>();

  const at = (level: 'warn' | 'error') => (key: string, fields: object, text: string) => {
    const write = (suppressed: number) => log[level](suppressed > 0 ? { ...fields, suppressed } : fields, text);
    const entry = entries.get(key);
    const now = clock.monotonic();
    if (entry && now - entry.writtenAt < everyMs) {
      entry.suppressed++;
      entry.latest = write;
      return;
    }
    write(entry?.suppressed ?? 0);
    entries.delete(key);
    entries.set(key, { writtenAt: now, suppressed: 0, latest: undefined });
    if (entries.size > maxKeys) forgetOldest(entries);
  };

  return {
    warn: at('warn'),
    error: at('error'),
    flush: () => {
      for (const entry of entries.values()) release(entry);
    },
  };
}

/** The held-back line is itself one of those counted. */
function release(entry: Entry): void {
  entry.latest?.(entry.suppressed - 1);
  entry.suppressed = 0;
  entry.latest = undefined;
}

function forgetOldest(entries: Map<string, Entry>): void {
  const [oldest] = entries;
  if (!oldest) return;
  release(oldest[1]);
  entries.delete(oldest[0]);
}
