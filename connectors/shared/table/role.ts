import { errorText } from '../../../src/errors.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import { expireStep, type TableStore } from './store.ts';

/** Shared by the sinks of a table: opening, closing, and removing expired rows. */
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

  /** After a write: updates the gauge of the write-ahead log, and from time to time removes expired rows. */
  protected async afterWrite(): Promise<void> {
    const { walBytes } = this.store;
    if (walBytes !== undefined) this.context.node.gauge('wal_bytes', walBytes);
    try {
      await this.removeOld();
    } catch (error) {
      this.context.log.debug({}, `${this.store.definition.name}: nothing was removed: ${errorText(error)}`);
    }
  }

  /** Removes expired rows from time to time. After an error it tries again the next time. */
  protected async removeOld(): Promise<void> {
    const { definition, retention } = this.store;
    const { expireMs } = definition;
    const now = this.context.clock.monotonic();
    if (!retention || expireMs === undefined) return;
    if (now - this.#expiredAt < Math.min(60_000, Math.max(1000, expireMs / 4))) return;
    if ((await retention.expire()) < expireStep) this.#expiredAt = now;
  }
}
