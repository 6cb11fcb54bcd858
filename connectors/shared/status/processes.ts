import type { Environment } from '../../../src/kit/environment.ts';
import type { StatusReport } from '../../../src/kit/snapshot.ts';

/** The known running processes: all of them, or this one and why the others are not known. */
export interface KnownProcesses {
  /** Unix ms. */
  readonly at: number;
  readonly reports: readonly StatusReport[];
  readonly problem: ProcessesProblem | undefined;
}

export interface ProcessesProblem {
  /** `busy`: the table has not answered the previous query yet. */
  readonly kind: 'no_table' | 'busy' | 'empty' | 'away';
  /** One line without names of other machines. */
  readonly text: string;
  /** The table's error, for readers who may see addresses. */
  readonly cause?: unknown;
}

const texts = {
  no_table: 'the pipeline has no status table (settings: status)',
  busy: 'the status table does not respond',
  empty: 'no process has reported to the status table yet',
  away: 'the status table is unavailable',
} as const;

/** Reads the reports of all processes from the status table: one query at a time, for any number of callers. */
export class Processes {
  readonly #environment: Pick<Environment, 'clock' | 'platform'>;
  #isBusy = false;

  constructor(environment: Pick<Environment, 'clock' | 'platform'>) {
    this.#environment = environment;
  }

  /** The current state. Never fails, and returns `busy` at once while a query is under way. */
  async ask(): Promise<KnownProcesses> {
    const { clock, platform } = this.#environment;
    if (!platform?.reports) return this.#alone('no_table');
    if (this.#isBusy) return this.#alone('busy');
    this.#isBusy = true;
    try {
      const reports = await platform.reports();
      return reports.length > 0 ? { at: clock.now(), reports, problem: undefined } : this.#alone('empty');
    } catch (cause) {
      return this.#alone('away', cause);
    } finally {
      this.#isBusy = false;
    }
  }

  #alone(kind: ProcessesProblem['kind'], cause?: unknown): KnownProcesses {
    const { clock, platform } = this.#environment;
    const text = `only this process: ${texts[kind]}`;
    return { at: clock.now(), reports: platform ? [platform.report()] : [], problem: { kind, text, cause } };
  }
}
