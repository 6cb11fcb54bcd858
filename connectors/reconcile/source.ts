import { Cron } from 'croner';
import { Observable } from 'rxjs';
import { errorText, FdpError, faultOf } from '../../src/errors.ts';
import { linkedAbort } from '../../src/kit/clock.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { Difference, Reconciler } from '../../src/kit/reconciler.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Lane, Reading, Source } from '../../src/kit/source.ts';
import { durationMs } from '../../src/kit/units.ts';

export interface ReconcileOptions {
  readonly tables?: readonly string[];
  readonly every?: string;
  readonly cron?: string;
  readonly zone: string;
  readonly repair: boolean;
}

/** Differences of one comparison that become messages, at most; all are counted. */
const mostMessages = 1000;
/** Until a comparison that failed is tried again, ms; the interval if that is shorter. */
const againMs = 60_000;

/** One lane that gives the differences of each comparison, and waits for the next one. */
export class ReconcileSource implements Source {
  readonly replayable = false;
  readonly lanes: Observable<Lane>;
  readonly #name: string;
  readonly #options: ReconcileOptions;
  readonly #context: RoleContext;
  readonly #stopped = linkedAbort().controller;
  readonly #closed = linkedAbort().controller;
  /** When the next comparison begins, Unix ms. */
  #dueAt: number;

  constructor(name: string, options: ReconcileOptions, context: RoleContext) {
    this.#name = name;
    this.#options = options;
    this.#context = context;
    this.#dueAt = options.cron === undefined ? context.clock.now() : this.#nextAt(context.clock.now());
    this.lanes = new Observable((lanes) => {
      lanes.next({ id: name, signal: this.#closed.signal, read: (signal) => this.#read(signal) });
      return () => this.#stopped.abort();
    });
  }

  /** @throws FDP_SPEC_INVALID for a table that can't be compared */
  async connect(): Promise<void> {
    this.#reconciler.check(this.#options.tables);
  }

  async close(): Promise<void> {
    this.#stopped.abort();
    this.#closed.abort();
  }

  get #reconciler(): Reconciler {
    const { reconciler } = this.#context;
    if (reconciler) return reconciler;
    throw new FdpError('FDP_NOT_SUPPORTED', `${this.#name}: there is no pipeline to compare tables of`);
  }

  async #read(signal: AbortSignal): Promise<Reading | undefined> {
    const { clock } = this.#context;
    const stop = linkedAbort(signal, this.#stopped.signal);
    try {
      for (;;) {
        await clock.sleep(this.#dueAt - clock.now(), stop.controller.signal);
        if (stop.controller.signal.aborted) return undefined;
        const began = clock.now();
        const messages = await this.#compare(stop.controller.signal);
        this.#dueAt = messages ? this.#nextAt(began) : Math.min(this.#nextAt(began), clock.now() + againMs);
        if (messages && messages.length > 0)
          return { messages, bytes: messages.reduce((sum, { value }) => sum + JSON.stringify(value).length, 0) };
      }
    } finally {
      stop.release();
    }
  }

  /** The differences as messages; undefined when it failed. */
  async #compare(signal: AbortSignal): Promise<readonly SourceMessage[] | undefined> {
    const { node, log, clock } = this.#context;
    const { tables, repair } = this.#options;
    const messages: SourceMessage[] = [];
    const found = (table: string, difference: Difference) => {
      node.count('differences');
      if (difference.repaired) node.count('repaired');
      if (messages.length >= mostMessages) return;
      const value = { table, ...difference };
      messages.push({ key: String(difference.key), value, timestamp: clock.now(), meta: { lane: this.#name } });
    };
    try {
      const results = await this.#reconciler.reconcile({ tables, repair, found }, signal);
      node.gauge(
        'differences_left',
        results.reduce((sum, { left }) => sum + left, 0),
      );
      node.is('ok');
      for (const { table, differences, left, text } of results)
        log[differences > 0 ? 'warn' : 'info']({ table, differences, left }, `${this.#name}: ${text}`);
      return messages;
    } catch (error) {
      if (signal.aborted) return messages;
      if (faultOf(error) === 'fatal') throw error;
      node.is('retrying', errorText(error));
      log.warn({}, `${this.#name}: the comparison failed, and is tried again: ${errorText(error)}`);
      return undefined;
    }
  }

  /** When the comparison after one that began then is due. */
  #nextAt(began: number): number {
    const { every, cron = '', zone } = this.#options;
    if (every !== undefined) return began + durationMs(every);
    return (
      new Cron(cron, { paused: true, timezone: zone }).nextRun(new Date(began))?.getTime() ?? Number.MAX_SAFE_INTEGER
    );
  }
}
