import { loneRole } from '../engine/lone-role.ts';
import type { ConnectorPlan } from '../engine/plan.ts';
import { FdpError } from '../errors.ts';
import { endedWithin, linkedAbort } from '../kit/clock.ts';
import type { Connector } from '../kit/connector.ts';
import type { Environment } from '../kit/environment.ts';
import type { Lookup } from '../kit/lookup.ts';
import type { StatusReport } from '../kit/snapshot.ts';
import { reportsOf } from './status-report.ts';
import { createStatusStore, noStatusRole } from './status-store.ts';

/** How long a query of the table may take, ms. */
const answerMs = 5000;
/** The most rows that are read. */
const maxProcesses = 10_000;

/** Reads what all processes report; one instance serves any number of readers. */
export interface StatusReader {
  /**
   * The reports of the processes that reported in the last ten seconds. Connects at the first call, and again after
   * an error; calls at the same time share one query.
   * @throws FDP_TIMEOUT, FDP_NOT_SUPPORTED, and what the table throws
   */
  read(): Promise<readonly StatusReport[]>;
  /** Cancels a query that is under way. */
  close(): Promise<void>;
}

/** A reader of the status table with connections of its own, so that it disturbs no topology. */
export function statusReader(connector: ConnectorPlan, environment: Environment): StatusReader {
  return new TableReader(connector, environment);
}

class TableReader implements StatusReader {
  readonly #plan: ConnectorPlan;
  readonly #environment: Environment;
  readonly #over = linkedAbort().controller;
  #connector: Connector | undefined;
  #lookup: Lookup | undefined;
  #poll: Promise<readonly StatusReport[]> | undefined;

  constructor(plan: ConnectorPlan, environment: Environment) {
    this.#plan = plan;
    this.#environment = environment;
  }

  read(): Promise<readonly StatusReport[]> {
    this.#poll ??= this.#inTime((signal) => this.#find(signal)).finally(() => {
      this.#poll = undefined;
    });
    return this.#poll;
  }

  async close(): Promise<void> {
    this.#over.abort();
    await this.#lookup?.close();
    await this.#connector?.close();
  }

  async #find(signal: AbortSignal): Promise<readonly StatusReport[]> {
    const lookup = this.#lookup ?? (await this.#connect(signal));
    const rows = await lookup.find(
      { where: {}, sort: [{ field: 'process', descending: false }], limit: maxProcesses },
      signal,
    );
    return reportsOf(rows, this.#environment.clock.now());
  }

  async #connect(signal: AbortSignal): Promise<Lookup> {
    this.#connector ??= await createStatusStore(this.#plan, this.#environment);
    const lookup = this.#connector.lookup?.(loneRole(this.#plan, 'lookup', this.#environment));
    if (!lookup) throw noStatusRole(this.#plan);
    try {
      await lookup.connect(signal);
    } catch (error) {
      await lookup.close();
      throw error;
    }
    this.#lookup = lookup;
    return lookup;
  }

  async #inTime<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { controller, release } = linkedAbort(this.#over.signal);
    try {
      const done = work(controller.signal);
      if (await endedWithin(this.#environment.clock, answerMs, done)) return await done;
      controller.abort();
      done.catch(() => {});
      throw new FdpError('FDP_TIMEOUT', `${this.#plan.name}: no response within ${answerMs} ms`);
    } finally {
      release();
    }
  }
}
