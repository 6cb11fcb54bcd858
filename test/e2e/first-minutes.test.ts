import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from '@photostructure/sqlite';
import { describe, expect, it } from 'vitest';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { type Answer, get, LineReader, workspaceIn } from '../support/cli/workspace.ts';

const number = String.raw`-?\d+(\.\d+)?(e[+-]?\d+)?`;
const iso = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;
const tcpLine = new RegExp(`^\\{"time":"${iso}","symbol":"[A-Z]+","price":${number},"vwap":(${number}|null)\\}$`);
const plainDecimal = /^\d+(\.\d+)?$/;

/** Runs a command that ends by itself. */
async function ends(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  await using process = new Process(args, env);
  return { code: await process.ended, output: process.output, stdout: process.stdout, log: process.log };
}

function errorsOf(process: Pick<Process, 'log'>): readonly string[] {
  return process.log.filter(({ level }) => level === 'error').map(({ msg }) => msg);
}

async function answer(url: string, fits: (answer: Answer) => boolean = () => true): Promise<Answer> {
  return eventually(`an answer of ${url}`, async () => {
    const given = await get(url);
    return given !== undefined && fits(given) && given;
  });
}

describe('the first minutes', () => {
  it('serves trades, symbols and VWAP lines a few seconds after the start, and ends with 0 on Ctrl-C', async () => {
    using folder = temporaryFolder();
    const { env, api, tcpPort } = await workspaceIn(folder.path);
    await using platform = new Process([], env);
    using reader = new LineReader(tcpPort);

    const hasMore = ({ body }: Answer) => (body['data'] as { pagination: { next: unknown } }).pagination.next !== null;
    const { body } = await answer(`${api}/api/v1/trades/AAPL?limit=3`, hasMore);
    const { data, pagination } = body['data'] as {
      data: { timestamp: string; price: string; volume: string }[];
      pagination: { next: string; next_cursor: number };
    };
    expect(body).toEqual({ data: { data, pagination }, error: null, message: null });
    for (const trade of data) {
      expect(Object.keys(trade)).toEqual(['timestamp', 'price', 'volume']);
      expect(trade.timestamp).toMatch(new RegExp(`^${iso}$`));
      expect(trade.price).toMatch(plainDecimal);
      expect(trade.volume).toMatch(plainDecimal);
    }
    expect(pagination).toEqual({ next: expect.any(String), next_cursor: Date.parse(data.at(-1)?.timestamp ?? '') });
    expect(pagination.next).toMatch(/^\/api\/v1\/trades\/AAPL\?/);

    const symbols = await answer(`${api}/api/v1/symbols`);
    const { available } = symbols.body['data'] as { available: { symbol: string; trade_count: number }[] };
    expect(symbols).toEqual({ status: 200, body: { data: { available }, error: null, message: null } });
    expect(available.map(({ symbol }) => symbol)).toEqual(available.map(({ symbol }) => symbol).sort());
    for (const row of available) {
      expect(Object.keys(row)).toEqual(['symbol', 'trade_count', 'last_trade_at']);
      expect(row).toMatchObject({
        trade_count: expect.any(Number),
        last_trade_at: expect.stringMatching(new RegExp(`^${iso}$`)),
      });
    }

    await eventually('lines over TCP', async () => reader.lines.length >= 30);
    for (const line of reader.lines) expect(line).toMatch(tcpLine);

    expect(await get(`${api}/api/v1/trades/AAPL?limit=abc`)).toMatchObject({
      status: 400,
      body: { data: null, error: expect.stringContaining('limit') },
    });
    expect(await get(`${api}/nothing`)).toMatchObject({ status: 404, body: { data: null } });
    expect(await get(`${api}/api/v1/trades/UNKNOWN`)).toEqual({
      status: 200,
      body: { data: { data: [], pagination: { next: null, next_cursor: null } }, error: null, message: null },
    });

    expect(platform.output).toContain('rows are kept until the file holds 2 GiB; then the oldest are removed');
    expect(await platform.stop('SIGINT')).toBe(0);
    const lines = platform.output.split('\n').slice(0, -1);
    for (const line of lines) expect(JSON.parse(line)).toMatchObject({ level: 'info', msg: expect.any(String) });
    expect(platform.stdout).toBe('');
  });

  it('sends a VWAP of null while the volume of the window is zero', async () => {
    using folder = temporaryFolder();
    const { env, tcpPort } = await workspaceIn(folder.path);
    const frame =
      '{"type":"trade","data":[{"s":"ODD","p":3.5,"t":1763645598585,"v":0},{"s":"ODD","p":5e-7,"t":1763645598586,"v":2}]}';
    const pipeline = pipelineCopy(folder.path, ['  mock: {', '  lines: { type: file, path: trades.jsonl }\n  mock: {']);
    writeFileSync(join(folder.path, 'pipeline', 'trades.jsonl'), `${frame}\n`);
    await using analytics = new Process(['--pipeline', pipeline, '--topology', 'analytics'], env);
    using reader = new LineReader(tcpPort);
    await eventually(
      'a connected client',
      async () => analytics.output.includes('vwap_feed: listening') && reader.isConnected,
    );
    expect(
      await ends(['--pipeline', pipeline, '--topology', 'ingestor'], { ...env, FDP_FEED: 'lines', OBSERVE_PORT: '' }),
    ).toMatchObject({ code: 0 });
    await eventually('both lines', async () => reader.lines.length >= 2);
    expect(reader.lines).toEqual([
      '{"time":"2025-11-20T13:33:18.585Z","symbol":"ODD","price":3.5,"vwap":null}',
      '{"time":"2025-11-20T13:33:18.586Z","symbol":"ODD","price":5e-7,"vwap":5e-7}',
    ]);
    expect(await analytics.stop()).toBe(0);
  });

  it('prints its version and its help', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await ends(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n` });
    const help = await ends(['--help']);
    expect(help.code).toBe(0);
    for (const word of ['--topology', '--profile', '--pipeline', 'validate', 'list', 'config'])
      expect(help.stdout).toContain(word);
  });

  it('ends with 2 and the nearest valid name when a flag, a topology or a profile does not exist', async () => {
    const flag = await ends(['--topolgy', 'api']);
    expect(flag.code).toBe(2);
    expect(flag.output).toContain('--topology');
    const topology = await ends(['--topology', 'procesor']);
    expect(topology.code).toBe(2);
    expect(topology.output).toContain('did you mean "processor"?');
    const profile = await ends(['--profile', 'clutser']);
    expect(profile.code).toBe(2);
    expect(profile.output).toContain('cluster');
  });

  it('ends with 2 and names where to get a key when Finnhub is configured without one', async () => {
    const { code, output } = await ends([], { FDP_FEED: 'finnhub' });
    expect(code).toBe(2);
    expect(output).toContain('FINNHUB_TOKEN is not set');
    expect(output).toContain('https://finnhub.io/register');
  });

  it('waits for Kafka and MongoDB while they are unavailable, logs it, responds with 503, and ends with 0 on Ctrl-C', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const port = await freePort();
    const away = { KAFKA_BROKERS: `127.0.0.1:${port}`, MONGODB_URL: `mongodb://127.0.0.1:${port}` };
    await using platform = new Process(['--profile', 'cluster'], { ...env, ...away });
    const isLogged = (node: string) => platform.log.some((line) => line['node'] === node && line.level === 'warn');
    await eventually('both are missed', async () => isLogged('ticks') && isLogged('trades'));
    expect(await answer(`${api}/api/v1/symbols`)).toMatchObject({ status: 503, body: { data: null } });
    expect(platform.child.exitCode).toBe(null);
    expect(await platform.stop()).toBe(0);
    expect(errorsOf(platform)).toEqual([]);
  });

  it('ends with 1 and one line per cause when ports are taken, and stops cleanly what could run', async () => {
    using folder = temporaryFolder();
    const { env, api, tcpPort } = await workspaceIn(folder.path);
    const ports = [Number(new URL(api).port), tcpPort];
    const taken = ports.map((port) => createServer().listen(port, '127.0.0.1'));
    try {
      for (const asked of [['--topology', 'api,analytics'], []]) {
        const { code, log } = await ends(asked, env);
        expect(code).toBe(1);
        const errors = errorsOf({ log });
        for (const [index, port] of ports.entries()) {
          const named = `port ${port} (from ${['API_PORT', 'TCP_PORT'][index]}) on 127.0.0.1 is in use`;
          expect(errors.filter((text) => text.includes(named))).toHaveLength(1);
        }
        expect(errors).toHaveLength(ports.length);
      }
    } finally {
      for (const server of taken) server.close();
    }
  });

  it('ends with 1 and one line when its data folder is a file', async () => {
    using folder = temporaryFolder();
    const file = join(folder.path, 'file');
    writeFileSync(file, '');
    const { env } = await workspaceIn(folder.path);
    const { code, log } = await ends([], { ...env, FDP_DATA: file });
    expect([code, errorsOf({ log })]).toEqual([1, [expect.stringContaining(file)]]);
  });

  it('ends with 1 and one clear line for a database that is damaged, newer, or of another program', async () => {
    const cases = {
      'it is damaged or no SQLite database': (path: string) => writeFileSync(path, 'no database at all '.repeat(1000)),
      'was written by a newer version of fdp': (path: string) =>
        markedAs(path, { application: 0x66647031, version: 999 }),
      'is a database of another program': (path: string) => markedAs(path, { application: 42, version: 1 }),
    };
    for (const [text, spoil] of Object.entries(cases)) {
      using folder = temporaryFolder();
      const { env } = await workspaceIn(folder.path);
      spoil(join(folder.path, 'store.db'));
      const { code, log, output } = await ends(['--topology', 'processor'], env);
      expect(code, output).toBe(1);
      expect(errorsOf({ log })).toEqual([expect.stringContaining(text)]);
      expect(errorsOf({ log })[0]).toContain('store.db');
    }
  });

  it('serves an endpoint of its own after only the lines of the README were added to the YAML', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const pipeline = pipelineCopy(folder.path, ['    routes:\n', `    routes:\n${endpointOfTheReadme()}`]);
    expect(await ends(['--pipeline', pipeline, 'validate'])).toMatchObject({ code: 0 });
    await using platform = new Process(['--pipeline', pipeline], env);
    const { body } = await answer(`${api}/api/v1/trades/AAPL/last`, ({ status }) => status === 200);
    expect(body).toEqual({
      data: { timestamp: expect.any(String), price: expect.any(String) },
      error: null,
      message: null,
    });
    expect((await get(`${api}/api/v1/trades/NOBODY/last`))?.status).toBe(404);
    expect(await platform.stop()).toBe(0);
  });
});

function endpointOfTheReadme(): string {
  const [, block] = /<!-- example: endpoint -->\n```yaml\n([^`]*)```/.exec(readFileSync('README.md', 'utf8')) ?? [];
  if (block === undefined) throw new Error('README.md has no example of an endpoint');
  return block;
}

function markedAs(path: string, { application, version }: { application: number; version: number }): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA application_id = ${application}; PRAGMA user_version = ${version}; CREATE TABLE some (thing)`);
  db.close();
}
