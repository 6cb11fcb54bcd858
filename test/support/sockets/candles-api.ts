import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A received request. */
export interface CandlesQuestion {
  readonly symbol: string;
  readonly interval: string;
  readonly limit: number;
}

/** A bar in a response of `GET /api/v1/candles/{symbol}`. */
export interface CandleAnswer {
  readonly start: string;
  readonly end: string;
  readonly interval: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly close: string;
  readonly volume: string;
  readonly vwap: string | null;
  readonly trades: number;
  readonly late_trades: number;
  readonly complete: boolean;
  readonly gap_ms?: number;
}

type Answer = (question: CandlesQuestion, response: ServerResponse) => readonly CandleAnswer[] | undefined;

/** A third-party API with a route for candles: responds as the test specifies, or leaves the response to the test. */
export class CandlesApi {
  readonly port: number;
  /** All requests, in order. */
  readonly asked: CandlesQuestion[] = [];
  readonly #server: Server;

  private constructor(server: Server, port: number, answer: Answer) {
    this.#server = server;
    this.port = port;
    server.on('request', (request, response: ServerResponse) => {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://api.test');
      const question = {
        symbol: decodeURIComponent(pathname.split('/').at(-1) ?? ''),
        interval: searchParams.get('interval') ?? '',
        limit: Number(searchParams.get('limit')),
      };
      this.asked.push(question);
      const bars = answer(question, response);
      if (!bars) return;
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ data: { data: bars }, error: null, message: null }));
    });
  }

  /** @param port 0 for a free one */
  static async open(answer: Answer, port = 0): Promise<CandlesApi> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new CandlesApi(server, (server.address() as AddressInfo).port, answer);
  }

  /** Contains `{symbol}`. */
  get url(): string {
    return `http://127.0.0.1:${this.port}/api/v1/candles/{symbol}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** A bar of a response that moved from `open` to `close`, with wicks of half that size on both sides. */
export function candleAnswer(
  { start, lengthMs, open, close }: { start: number; lengthMs: number; open: number; close: number },
  more: Partial<CandleAnswer> = {},
): CandleAnswer {
  const reach = Math.abs(close - open) / 2;
  const text = (value: number) => String(Number(value.toPrecision(12)));
  return {
    ...{ start: new Date(start).toISOString(), end: new Date(start + lengthMs).toISOString(), interval: '' },
    ...{ open: text(open), close: text(close) },
    ...{ high: text(Math.max(open, close) + reach), low: text(Math.min(open, close) - reach) },
    ...{ volume: '100', vwap: null, trades: 10, late_trades: 0, complete: true },
    ...more,
  };
}
