import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type IncomingMessage, type RequestOptions, request } from 'node:http';
import { join } from 'node:path';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { withSink } from '../../../src/cli/dead-letters/letters.ts';
import { exportTable } from '../../../src/cli/export/export.ts';
import type { ExportFlags } from '../../../src/cli/export/formats.ts';
import { Runtime } from '../../../src/engine/runtime.ts';
import { toMessage } from '../../../src/kit/message.ts';
import type { Row } from '../../../src/kit/row.ts';
import { resolve, resolveConnectors } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { temporaryFolder } from '../cli/platform.ts';
import { candleTable } from '../contracts/candle-tables.ts';
import { portOf, until } from './sockets.ts';

/** A trade of the table that is exported. */
export interface ExportRow {
  readonly symbol: string;
  readonly price: string;
  readonly time: number;
  readonly size: number;
  readonly conditions: readonly string[];
  readonly note: string | null;
}

const fields = 'symbol: string, price: decimal, time: date, size: int64, conditions: strings, note: string';
const find = 'in: trades, where: { symbol: "{symbol}", time: { from: "{from}", to: "{to}" } }, sort: [time, _id]';

/** The pipeline with this table, given as YAML with its type and address, and with a table of bars beside it. */
function pipelineOf(table: string, rest: string): string {
  const bars = table.replace(/trades$/, 'candles');
  return `name: test
connectors:
  trades: { ${table}, fields: { ${fields} }, indexes: [[symbol, -time, -_id]] }
  candles: ${JSON.stringify(candleTable).replace('{', `{ ${bars}, `)}
  http: { type: rest, listen: "127.0.0.1:0", ${rest} }
topologies:
  api:
    source: http
    routes:
      GET /export/{symbol}:
        - params: &params { symbol: { type: string }, from: { type: time }, to: { type: time }, format: { type: string, enum: [csv, ndjson], default: csv } }
        - find: { ${find}, stream: { at_most: 30000 } }
        - reply: { file: "trades-{symbol}", format: "{format}" }
      GET /few/{symbol}:
        - params: *params
        - find: { ${find}, stream: { at_most: 2499 } }
        - reply: { file: "{symbol}", format: "{format}" }
      GET /mapped/{symbol}:
        - params: *params
        - find: { ${find}, stream: { at_most: 30000 } }
        - map: { size: 'size', first: 'conditions[0]' }
        - reply: { file: "mapped", format: ndjson }
      GET /bars/{symbol}:
        - params: { symbol: { type: string }, interval: &interval { type: string, enum: [1m, 1h] }, from: { type: time }, to: { type: time } }
        - bars: { in: candles, every: &every [1m, 1h], stream: true, max_rows: 2500 }
        - reply: { file: "bars-{symbol}-{interval}", format: ndjson }
      GET /list/{symbol}:
        - params: { symbol: { type: string }, interval: *interval, limit: { type: integer, default: 2500 } }
        - bars: { in: candles, every: *every }
        - map: { start: 'iso(start)', end: 'iso(end)', interval: 'interval', open: 'open', high: 'high', low: 'low', close: 'close', volume: 'volume', vwap: 'vwap', trades: 'trades', late_trades: 'late_trades', complete: 'complete' }
        - reply: { as: data }
      GET /last/{symbol}:
        - find: { in: trades, where: { symbol: "{symbol}" }, sort: [-time, -_id], limit: 1 }
        - reply: { as: data }
`;
}

/** A running API over a table, with routes that export it. */
export class ExportWorld {
  readonly port: number;
  readonly log: ReturnType<typeof testEnvironment>['log'];
  readonly #runtime: Runtime;
  readonly #ended: Promise<unknown>;
  readonly #folder: ReturnType<typeof temporaryFolder>;

  private constructor(parts: {
    readonly runtime: Runtime;
    readonly ended: Promise<unknown>;
    readonly folder: ReturnType<typeof temporaryFolder>;
    readonly log: ReturnType<typeof testEnvironment>['log'];
  }) {
    this.#runtime = parts.runtime;
    this.#ended = parts.ended;
    this.#folder = parts.folder;
    this.log = parts.log;
    this.port = portOf(parts.log);
  }

  /** @param tableOf returns the table's YAML, given its own folder; @param rest further options of the server */
  static async start(tableOf: (folder: string) => string, rows: readonly ExportRow[], rest = 'timeout: 5s') {
    const folder = temporaryFolder();
    writeFileSync(join(folder.path, 'pipeline.yml'), pipelineOf(tableOf(folder.path), rest));
    const environment = testEnvironment();
    await store(folder.path, rows);
    const { plan, problems } = resolve(readSpec(requestOf(folder.path)), { topologies: ['api'] });
    if (!plan) throw new Error(problems.join('\n'));
    const runtime = new Runtime(plan, environment);
    const ended = runtime.run();
    await until(() => environment.log.lines.some(({ text }) => text.startsWith('http: listening')));
    const world = new ExportWorld({ runtime, ended, folder, log: environment.log });
    await until(() => world.isReady);
    return world;
  }

  get isReady(): boolean {
    return this.#runtime.snapshot().every(({ ready }) => ready);
  }

  /** Number of rows read for a route. */
  rowsOf(route: string): number {
    return this.#node((name, type) => type === 'find' && name.includes(route)).out;
  }

  /** A figure of the server. */
  figure(name: string): number {
    return this.#node((_name, type) => type === 'rest').extra[name] ?? 0;
  }

  /** Messages in flight. */
  get inFlight(): number {
    const [api] = this.#runtime.snapshot();
    return api?.inFlight ?? -1;
  }

  /** True if the counters of every node add up. */
  get isBalanced(): boolean {
    const nodes = this.#runtime.snapshot().flatMap((topology) => topology.nodes);
    return nodes.every(
      (node) => node.in + node.made === node.out + node.filtered + node.rejected + node.released + node.inFlight,
    );
  }

  /** Sends a request; returns the response after its headers, with the body not yet read. */
  async open(path: string, options: RequestOptions = {}): Promise<IncomingMessage> {
    const outgoing = request({ port: this.port, host: '127.0.0.1', path, agent: false, ...options });
    outgoing.on('error', () => {});
    outgoing.end();
    const [response] = await once(outgoing, 'response');
    return response;
  }

  store(rows: readonly ExportRow[]): Promise<void> {
    return store(this.#folder.path, rows);
  }

  /** Stores rows of bars, as `candles` writes them. */
  storeBars(rows: readonly Row[]): Promise<void> {
    return store(this.#folder.path, rows, 'candles');
  }

  /** The output of `fdp export` for the same table. */
  async exported(flags: Partial<ExportFlags>): Promise<string> {
    const output = join(this.#folder.path, 'out');
    await exportTable(requestOf(this.#folder.path), 'trades', { format: 'csv', ...flags, output });
    return readFileSync(output, 'utf8');
  }

  drain(): Promise<unknown> {
    this.#runtime.drain();
    return this.#ended;
  }

  async close(): Promise<void> {
    await this.drain();
    this.#folder[Symbol.dispose]();
  }

  #node(isIt: (name: string, type: string) => boolean) {
    const nodes = this.#runtime.snapshot().flatMap((topology) => topology.nodes);
    const node = nodes.find(({ name, type }) => isIt(name, type));
    if (!node) throw new Error(`no such node: ${nodes.map(({ name, type }) => `${name} ${type}`).join(', ')}`);
    return node;
  }
}

/** The whole body; undefined if the connection broke before its end. */
export async function bodyOf(response: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of response) chunks.push(chunk);
  } catch {
    return undefined;
  }
  return response.complete ? Buffer.concat(chunks).toString() : undefined;
}

function requestOf(folder: string) {
  return { pipelinePath: join(folder, 'pipeline.yml'), env: {}, components: { connectors, operators }, folder };
}

async function store(folder: string, rows: readonly (ExportRow | Row)[], name = 'trades'): Promise<void> {
  const spec = readSpec(requestOf(folder));
  const table = spec.connectors.get(name);
  const [plan] = resolveConnectors(spec, table ? [table] : []).connectors;
  if (!plan) throw new Error('no such table');
  await withSink(plan, testEnvironment(), async (sink) => {
    for (let at = 0; at < rows.length; at += 1000) {
      const messages = rows
        .slice(at, at + 1000)
        .map((value) => toMessage({ key: null, value, timestamp: 0, meta: { lane: 'test' } }, undefined));
      const { failed } = await sink.write(messages, new AbortController().signal);
      if (failed && failed.size > 0) throw [...failed.values()][0];
    }
  });
}
