import { FdpError } from '../../../src/errors.ts';
import type { Lookup, Query } from '../../../src/kit/lookup.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Row } from '../../../src/kit/row.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import { CounterSink } from './counter-sink.ts';
import { RowSink } from './row-sink.ts';
import type { TableReader, TableStore } from './store.ts';
import { Turns } from './turns.ts';

/** The sink for a topology's kind of input. */
export function tableSink(store: TableStore, context: RoleContext): Sink {
  return context.input === 'merges' ? new CounterSink(store, context) : new RowSink(store, context);
}

/** A lookup in a synchronous store. */
export class TableLookup implements Lookup {
  readonly #reader: TableReader;
  readonly #turns: Turns;
  #closing: Promise<void> | undefined;

  constructor(reader: TableReader, context: RoleContext) {
    this.#reader = reader;
    this.#turns = new Turns(context.clock);
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.#closing;
    this.#closing = undefined;
    await this.#reader.open(signal);
  }

  async find(query: Query, signal: AbortSignal): Promise<readonly Row[]> {
    await this.#turns.next();
    if (signal.aborted) throw new FdpError('FDP_CLOSED', `${this.#reader.definition.name}: the request was cancelled`);
    return this.#reader.find(query);
  }

  close(): Promise<void> {
    this.#closing ??= this.#reader.close();
    return this.#closing;
  }
}
