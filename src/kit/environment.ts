import type { Chance } from './chance.ts';
import type { Clock } from './clock.ts';
import type { Reconciler } from './reconciler.ts';
import type { ReplayControl } from './replay.ts';
import type { ProcessSnapshot, StatusReport } from './snapshot.ts';

/** Structured log, one line per event. */
export interface Logger {
  debug(fields: object, text: string): void;
  info(fields: object, text: string): void;
  warn(fields: object, text: string): void;
  error(fields: object, text: string): void;
}

/** Everything outside a component: injected, so that tests can replace all of it. */
export interface Environment {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  /** Marks a moment between two durable steps; tests kill the process there. */
  failPoint(name: string): void | Promise<void>;
  /** Hides the secrets of the pipeline in a text that is kept; left out where there are none. */
  readonly mask?: (text: string) => string;
  /**
   * For components that show the platform to a person; left out where nothing runs, as in most
   * commands.
   */
  readonly platform?: Platform;
  /** For those who compare tables with what they counted; left out where no pipeline runs. */
  readonly reconciler?: Reconciler;
}

/** The running platform, as a screen sees it. */
export interface Platform {
  /** This process, now. */
  snapshot(): ProcessSnapshot;
  /** The same, with what it runs, as it is reported to the status table. */
  report(): StatusReport;
  /**
   * The last report of every running process, on any machine; left out where the pipeline has no
   * status table. The table may be away: nothing is retried here.
   * @throws FDP_TIMEOUT, and what the table throws
   */
  reports?(): Promise<readonly StatusReport[]>;
  /** Stops this process cleanly, as SIGTERM does. */
  stop(): void;
  /** Of a process that plays a tape in the place of a log. */
  readonly replay?: ReplayControl;
  /** The file that takes the log while a screen is shown; left out where there is none. */
  readonly logFile?: string;
}
