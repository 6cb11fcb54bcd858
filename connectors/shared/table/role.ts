import { errorText } from '../../../src/errors.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import { expireStep, type TableStore } from './store.ts';

/** What the sinks of a table share: opening, closing, and removing what has expired. */
export abstract class TableRole {
  protected readonly store: TableStore;
  protected readonly context: RoleContext;
  #expiredAt = Number.NEGATIVE_INFINITY;
  #closing: Promise<void> | undefined;

  constructor(store: TableStore, context: RoleContext) {
    this.store = store;
    this.context = context;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#closing;
    this.#closing = undefined;
    await this.store.open(signal);
  }

  close(): Promise<void> {
    this.#closing ??= this.store.close();
    return this.#closing;
  }

  /** After a write: tells how much waits beside the file, and now and then removes rows that have expired. */
  protected async afterWrite(): Promise<void> {
    const { walBytes } = this.store;
    if (walBytes !== undefined) this.context.node.gauge('wal_bytes', walBytes);
    try {
      await this.removeOld();
    } catch (error) {
      this.context.log.debug({}, `${this.store.definition.name}: nothing was removed: ${errorText(error)}`);
    }
  }

  /** Removes what has expired, now and then. What it throws waits for the next time. */
  protected async removeOld(): Promise<void> {
    const { definition, retention } = this.store;
    const { expireMs } = definition;
    const now = this.context.clock.monotonic();
    if (!retention || expireMs === undefined) return;
    if (now - this.#expiredAt < Math.min(60_000, Math.max(1000, expireMs / 4))) return;
    if ((await retention.expire()) < expireStep) this.#expiredAt = now;
  }
}
