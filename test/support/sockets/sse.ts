import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http';
import { until } from './sockets.ts';

interface StreamEvent {
  readonly id?: string;
  readonly event?: string;
  readonly data?: unknown;
}

export interface PricesData {
  readonly at: number;
  readonly full: boolean;
  readonly symbols: readonly { readonly symbol: string; readonly trades: number; readonly [field: string]: unknown }[];
}

export interface StatusData {
  readonly at: number;
  readonly processes: readonly { readonly process: { readonly topologies: readonly { readonly name: string }[] } }[];
  readonly error?: string;
}

/** A client of Server-Sent Events that keeps everything it receives. */
export class EventClient {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Everything received, as text. */
  text = '';
  closed = false;
  /** The events so far; tests ask again and again, and each text is parsed once. */
  readonly events: StreamEvent[] = [];
  readonly #response: IncomingMessage;
  /** What `events` does not have yet: a block that is not complete. */
  #rest = '';

  private constructor(response: IncomingMessage) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      this.text += chunk;
      this.#take(chunk);
    });
    response.on('error', () => {});
    response.on('close', () => {
      this.closed = true;
    });
  }

  static async open(port: number, lastEventId?: string): Promise<EventClient> {
    const headers = { Accept: 'text/event-stream', ...(lastEventId && { 'Last-Event-ID': lastEventId }) };
    const outgoing = request({ port, host: '127.0.0.1', path: '/api/v1/stream', agent: false, headers });
    outgoing.on('error', () => {});
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    return new EventClient(response);
  }

  #take(chunk: string): void {
    const blocks = (this.#rest + chunk).split('\n\n');
    this.#rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (!/^(id|event|data): /m.test(block)) continue;
      const fields = Object.fromEntries(block.split('\n').map((line) => [line.split(': ')[0], rest(line)]));
      this.events.push({ ...fields, ...(fields['data'] ? { data: JSON.parse(fields['data']) } : {}) });
    }
  }

  get prices(): readonly PricesData[] {
    return this.events.filter(({ event }) => event === 'prices').map(({ data }) => data as PricesData);
  }

  get statuses(): readonly StatusData[] {
    return this.events.filter(({ event }) => event === 'status').map(({ data }) => data as StatusData);
  }

  /** The id of the last event that has one. */
  get lastId(): string {
    return this.events.findLast(({ id }) => id)?.id ?? '';
  }

  /** The number of trades in all snapshots received. */
  get trades(): number {
    return this.prices.flatMap(({ symbols }) => symbols).reduce((sum, { trades }) => sum + trades, 0);
  }

  /** Stops reading. */
  pause(): void {
    this.#response.pause();
  }

  resume(): void {
    this.#response.resume();
  }

  async close(): Promise<void> {
    this.#response.destroy();
    await until(() => this.closed);
  }
}

function rest(line: string): string {
  return line.slice(line.indexOf(': ') + 2);
}
