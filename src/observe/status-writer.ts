import { loneRole } from '../engine/lone-role.ts';
import type { ConnectorPlan } from '../engine/plan.ts';
import { errorText, FdpError, faultOf } from '../errors.ts';
import { Backoff } from '../kit/backoff.ts';
import { endedWithin, linkedAbort, unlessAborted } from '../kit/clock.ts';
import type { Connector } from '../kit/connector.ts';
import { defaultUsage } from '../kit/declaration.ts';
import type { Environment, Logger } from '../kit/environment.ts';
import type { Row } from '../kit/row.ts';
import type { Sink } from '../kit/sink.ts';
import { createStatusStore, noStatusRole } from './status-store.ts';

/** Time between two reports, ms. */
const everyMs = 1000;
/** One report may take this long, ms. */
const putMs = 5000;
/** How long the end of the process waits for the last report, and then for the store to close, ms each. */
const endMs = 1000;

interface StatusWriterOptions {
  readonly connector: ConnectorPlan;
  readonly environment: Environment;
  /** What the process reports now. */
  row(): Row;
}

/**
 * Writes the process's report to the status table once a second, until the returned function is called; that writes
 * it a last time, and takes two seconds at most. It has its own instance of the connector, is part of no topology, and
 * logs failures at level debug only: an unavailable table is retried with back-off and delays nothing.
 */
export function writeStatus(options: StatusWriterOptions): () => Promise<void> {
  const writer = new StatusWriter(options);
  let ended: Promise<void> | undefined;
  return () => {
    ended ??= writer.end();
    return ended;
  };
}

class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #log: Logger;
  readonly #ending = linkedAbort().controller;
  readonly #killed = linkedAbort().controller;
  readonly #finished: Promise<void>;
  #connector: Connector | undefined;
  #sink: Sink | undefined;
  /** The result of the last attempt that ended. */
  #failure: unknown;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
    // Log lines of this connector instance don't concern the topologies.
    const about = { connector: options.connector.name };
    const debug = (fields: object, text: string) => options.environment.log.debug({ ...about, ...fields }, text);
    this.#log = { debug, info: debug, warn: debug, error: debug };
    this.#finished = this.#run();
  }

  async end(): Promise<void> {
    const { clock } = this.#options.environment;
    this.#ending.abort();
    // The table was unavailable a moment ago: not worth a wait.
    if (this.#failure !== undefined) this.#killed.abort();
    if (await endedWithin(clock, endMs, this.#finished)) return;
    this.#killed.abort();
    await endedWithin(clock, endMs, this.#finished);
  }

  async #run(): Promise<void> {
    const { environment } = this.#options;
    const backoff = new Backoff(environment);
    const { signal } = this.#ending;
    for (let isLast = false; !isLast && !this.#killed.signal.aborted; ) {
      isLast = signal.aborted;
      this.#failure = await this.#tryPut();
      if (faultOf(this.#failure) === 'fatal') break;
      if (this.#failure === undefined) {
        backoff.reset();
        await environment.clock.sleep(everyMs, signal);
      } else await backoff.wait(signal, { atLeastMs: everyMs });
    }
    await this.#close();
  }

  /** Returns the error, if there was one. */
  async #tryPut(): Promise<unknown> {
    const { environment, row } = this.#options;
    const limit = linkedAbort(this.#killed.signal);
    const { signal } = limit.controller;
    const cancel = environment.clock.timer(putMs, () => limit.controller.abort());
    try {
      const sink = this.#sink ?? (await this.#connect(signal));
      await unlessAborted(signal, sink.rows?.put?.(row(), signal), givenUp);
      return undefined;
    } catch (error) {
      this.#log.debug({ err: error }, errorText(error));
      return error ?? new FdpError('FDP_INTERNAL', 'status: failed for an unknown reason');
    } finally {
      cancel();
      limit.release();
    }
  }

  async #connect(signal: AbortSignal): Promise<Sink> {
    const { connector, environment } = this.#options;
    const quiet = { ...environment, log: this.#log };
    this.#connector ??= await createStatusStore(connector, quiet);
    const sink = this.#connector.sink?.(defaultUsage(connector.declaration.sink), loneRole(connector, 'sink', quiet));
    if (!sink?.rows?.put) throw noStatusRole(connector);
    try {
      await unlessAborted(signal, sink.connect(signal), givenUp);
    } catch (error) {
      await sink.close();
      throw error;
    }
    this.#sink = sink;
    return sink;
  }

  async #close(): Promise<void> {
    try {
      await this.#sink?.close();
      await this.#connector?.close();
    } catch (error) {
      this.#log.debug({ err: error }, errorText(error));
    }
  }
}

function givenUp(): FdpError {
  return new FdpError('FDP_CLOSED', 'status: stopped');
}
