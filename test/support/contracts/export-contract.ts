import { Agent } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Row } from '../../../src/kit/row.ts';
import { bodyOf, type ExportRow, ExportWorld } from '../sockets/export-world.ts';
import { closed, dial, received, until } from '../sockets/sockets.ts';

const start = Date.UTC(2026, 0, 5, 14, 30);
const note = 'x'.repeat(1000);

function rowsOf(symbol: string, count: number, more: (n: number) => Partial<ExportRow> = () => ({})): ExportRow[] {
  return Array.from({ length: count }, (_, n) => ({
    ...{ symbol, price: `${n}.00000012`, time: start + Math.floor(n / 7), size: n },
    ...{ conditions: ['@', 'I'], note: n === 3 ? 'a "quoted",\nline' : null },
    ...more(n),
  }));
}

/** More than the buffers between two sockets can hold. */
const big = rowsOf('BIG', 30_000, () => ({ note }));
const rows = [
  ...rowsOf('AAPL', 2500),
  ...rowsOf('=1+1', 3, (n) => ({ note: ['@SUM(A1)', '-2.5', '+cmd'][n] ?? null })),
  ...rowsOf('../a"/😀ü', 1),
  ...rowsOf('LATE', 2500, (n) => (n === 2200 ? { conditions: [] } : {})),
  ...rowsOf('SOON', 2500, (n) => (n === 5 ? { conditions: [] } : {})),
  ...big,
];

/** Bars of a minute, from a full hour on. */
function barRows(count: number): Row[] {
  return Array.from({ length: count }, (_, n) => {
    const at = start - 30 * 60_000 + n * 60_000;
    return {
      ...{ key: `AAPL|1m|${at}`, symbol: 'AAPL', interval: '1m', start: at, first_at: at, last_at: at },
      ...{ open: '1', high: '2.5', low: '1', close: '2', volume: '1.5', turnover: '3', counted_volume: '1.5' },
      ...{ trades: 2, late_trades: 0 },
    };
  });
}

/** The contract of an export over HTTP, for any kind of table; `tableOf` returns its YAML. */
export function exportContract(tableOf: (folder: string) => string): void {
  describe('an export over HTTP', () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    let world: ExportWorld;
    const get = async (path: string, method = 'GET') => {
      const response = await world.open(path, { method });
      const { statusCode: status, headers } = response;
      return { status, headers, text: await bodyOf(response) };
    };

    beforeAll(async () => {
      world = await ExportWorld.start(tableOf, rows, 'timeout: 5s, max_downloads: 2');
    });
    afterEach(async () => {
      await until(() => world.inFlight === 0 && world.figure('downloads_open') === 0);
      expect([world.figure('requests_open'), world.isBalanced]).toEqual([0, true]);
    });
    afterAll(async () => {
      agent.destroy();
      await world.close();
    });

    fileCases(() => world, get);
    refusalCases(() => world, get);

    it('reads no more than the client takes, and continues when it does', async () => {
      const before = world.rowsOf('/export');
      const slow = await world.open('/export/BIG');
      expect(slow.headers['content-length']).toBeUndefined();
      const witness = await get('/export/BIG');
      const read = world.rowsOf('/export') - before - big.length;
      expect([witness.text?.length, read < big.length / 2]).toEqual([expect.any(Number), true]);
      expect(await bodyOf(slow)).toBe(witness.text);
      expect(world.rowsOf('/export') - before).toBe(2 * big.length);
    });

    it('frees everything when the client goes away', async () => {
      const [before, abandoned] = [world.rowsOf('/export'), world.figure('abandoned')];
      const response = await world.open('/export/BIG');
      expect(world.figure('downloads_open')).toBe(1);
      response.destroy();
      await until(() => world.figure('downloads_open') === 0 && world.inFlight === 0);
      expect(world.figure('abandoned') - abandoned).toBe(1);
      expect(world.rowsOf('/export') - before).toBeLessThan(big.length / 2);
    });

    it('breaks the connection when there turn out to be more rows than allowed', async () => {
      const response = await world.open('/export/BIG');
      await world.store(rowsOf('BIG', 10, () => ({ time: start + 1e6 })));
      expect(await bodyOf(response)).toBeUndefined();
      const fields = expect.objectContaining({ route: 'GET /export/{symbol}', code: 'FDP_RESULT_TOO_LARGE' });
      expect(world.log.lines).toContainEqual({ level: 'warn', text: 'http: a file could not be finished', fields });
    });

    it('breaks the connection when a row fails after the first byte', async () => {
      const [whole, cut] = [await get('/mapped/AAPL'), await get('/mapped/LATE')];
      expect([whole.status, whole.text?.split('\n').length]).toEqual([200, 2501]);
      expect([cut.status, cut.text]).toEqual([200, undefined]);
    });

    it('sends as many files at once as allowed, and serves others meanwhile', async () => {
      const slow = [
        await world.open('/export/BIG?to=2026-01-05T14:30:04.200Z'),
        await world.open('/export/BIG?to=2026-01-05T14:30:04.200Z'),
      ];
      expect(await get('/export/AAPL')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
      expect(await get('/last/AAPL')).toMatchObject({ status: 200 });
      for (const each of slow) expect(await bodyOf(each)).toBeDefined();
      expect(await get('/export/AAPL')).toMatchObject({ status: 200 });
    });

    it('has the bars of any length that the list has, the oldest first, all of them or none', async () => {
      await world.storeBars(barRows(2500));
      for (const interval of ['1m', '1h']) {
        const file = await get(`/bars/AAPL?interval=${interval}`);
        const { data } = JSON.parse((await get(`/list/AAPL?interval=${interval}`)).text ?? '');
        const lines =
          file.text
            ?.trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line)) ?? [];
        expect(lines).toEqual([...data.data].reverse().map((bar) => ({ symbol: 'AAPL', ...bar })));
        expect([lines.length, lines[1]?.volume]).toEqual(interval === '1m' ? [2500, '1.5'] : [42, '90']);
        expect(file.headers['content-disposition']).toBe(`attachment; filename="bars-AAPL-${interval}.ndjson"`);
      }
      await world.storeBars(barRows(2501).slice(-1));
      const { status, text = '' } = await get('/bars/AAPL?interval=1h');
      const error = 'the bars are made of more than 2500 rows of 1m: narrow the range with from and to';
      expect([status, JSON.parse(text).error]).toEqual([400, error]);
      expect((await get(`/bars/AAPL?interval=1h&from=${start + 1}`)).status).toBe(200);
    });

    it('leaves the connection for the next request', async () => {
      const first = await world.open('/export/AAPL', { agent });
      const socket = first.socket;
      expect((await bodyOf(first))?.split('\n').length).toBeGreaterThan(2500);
      const second = await world.open('/last/AAPL', { agent });
      expect([second.statusCode, second.socket === socket]).toEqual([200, true]);
      await bodyOf(second);
    });
  });

  describe('a client of an export that does not read', () => {
    it('is disconnected after client_timeout, and holds nothing', async () => {
      const world = await ExportWorld.start(tableOf, big, 'client_timeout: 300ms');
      const response = await world.open('/export/BIG');
      await until(() => world.figure('slow_clients') === 1);
      await until(() => world.figure('downloads_open') === 0 && world.inFlight === 0);
      expect(await bodyOf(response)).toBeUndefined();
      expect(world.rowsOf('/export')).toBeLessThan(big.length / 2);
      await world.close();
    });

    it('keeps nothing from stopping, and gets no file that looks complete', async () => {
      const world = await ExportWorld.start(tableOf, big);
      const response = await world.open('/export/BIG');
      await world.drain();
      expect(await bodyOf(response)).toBeUndefined();
      await world.close();
    });
  });
}

type Get = (
  path: string,
  method?: string,
) => Promise<{ status: number | undefined; headers: Readonly<Record<string, unknown>>; text: string | undefined }>;

function fileCases(world: () => ExportWorld, get: Get): void {
  it('equals the file of fdp export, as CSV and as NDJSON', async () => {
    for (const symbol of ['AAPL', '=1+1', '../a"/😀ü'])
      for (const format of ['csv', 'ndjson'] as const) {
        const { status, text } = await get(`/export/${encodeURIComponent(symbol)}?format=${format}`);
        expect([status, text]).toEqual([200, await world().exported({ symbol, format })]);
      }
    const { text: csv = '' } = await get('/export/AAPL');
    expect(csv.split('\n').slice(0, 2)).toEqual([
      'symbol,price,time,size,conditions,note',
      'AAPL,0.00000012,2026-01-05T14:30:00.000Z,0,"[""@"",""I""]",',
    ]);
    const lines = (await get('/export/AAPL?format=ndjson')).text?.trimEnd().split('\n') ?? [];
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      rowsOf('AAPL', 2500).map((row) => ({ ...row, time: new Date(row.time).toISOString() })),
    );
  });

  it('lets no text become a formula, and keeps numbers unchanged', async () => {
    const { text = '' } = await get(`/export/${encodeURIComponent('=1+1')}`);
    expect(text.split('\n').slice(1, 4)).toEqual(
      ["'@SUM(A1)", '-2.5', "'+cmd"].map((cell, n) => {
        return `'=1+1,${n}.00000012,2026-01-05T14:30:00.000Z,${n},"[""@"",""I""]",${cell}`;
      }),
    );
  });

  it('has a media type and a safe name', async () => {
    const { headers } = await get('/export/AAPL');
    expect(headers).toMatchObject({
      'content-type': 'text/csv; charset=utf-8; header=present',
      'content-disposition': 'attachment; filename="trades-AAPL.csv"',
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-store',
    });
    const name = encodeURIComponent('../a"/😀ü');
    expect((await get(`/export/${name}?format=ndjson`)).headers).toMatchObject({
      'content-type': 'application/x-ndjson; charset=utf-8',
      'content-disposition': `attachment; filename="trades-.._a____.ndjson"; filename*=UTF-8''trades-.._a___%C3%BC.ndjson`,
    });
  });

  it('keeps to the range, whose end is exclusive; without rows it is the header', async () => {
    const from = new Date(start + 100).toISOString();
    const { text = '' } = await get(`/export/AAPL?from=${from}&to=${start + 102}`);
    expect(
      text
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => Number(line.split(',')[3])),
    ).toEqual(Array.from({ length: 14 }, (_, n) => 700 + n));
    expect(await get('/export/NOBODY')).toMatchObject({
      status: 200,
      text: 'symbol,price,time,size,conditions,note\n',
    });
    expect(await get('/export/NOBODY?format=ndjson')).toMatchObject({ status: 200, text: '' });
  });

  it('has the same headers for HEAD, without reading it to the end', async () => {
    const before = world().rowsOf('/export');
    const [head, whole] = [await get('/export/BIG', 'HEAD'), await get('/export/AAPL')];
    expect([head.status, head.text, head.headers['content-type']]).toEqual([200, '', whole.headers['content-type']]);
    expect(head.headers['content-disposition']).toBe('attachment; filename="trades-BIG.csv"');
    expect(world().rowsOf('/export') - before - 2500).toBeLessThanOrEqual(1000);
    expect((await get('/few/AAPL', 'HEAD')).status).toBe(400);
  });
}

function refusalCases(world: () => ExportWorld, get: Get): void {
  const envelope = (error: unknown) => ({
    data: null,
    error,
    message: null,
    code: expect.any(String),
    request_id: expect.any(String),
  });

  it('is refused as a whole when there are more rows than allowed', async () => {
    const { status, headers, text = '' } = await get('/few/AAPL');
    expect([status, headers['content-disposition']]).toEqual([400, undefined]);
    expect(JSON.parse(text)).toEqual(
      envelope('more than 2499 rows of trades match: narrow the range with from and to'),
    );
    expect((await get(`/few/AAPL?from=${start + 1}`)).text?.split('\n')).toHaveLength(2500 - 7 + 2);
  });

  it('gets the common envelope for errors before the first byte', async () => {
    for (const [path, error] of [
      ['/export/AAPL?from=yesterday', /^from: expected a time/],
      ['/export/AAPL?format=xml', /^format: expected one of csv, ndjson/],
      ['/export/AAPL?limit=5', /^unknown parameter "limit"/],
      ['/export/AAPL?from=2026-01-06&to=2026-01-05', /^time: the range ends/],
      ['/mapped/SOON', /./],
    ] as const) {
      const { status, text = '', headers } = await get(path);
      expect([path, status, headers['content-type']]).toEqual([
        ...[path, path === '/mapped/SOON' ? 500 : 400, 'application/json; charset=utf-8'],
      ]);
      expect(JSON.parse(text)).toEqual(envelope(expect.stringMatching(error)));
    }
  });

  it('is refused over HTTP/1.0, which can not distinguish a part from the whole', async () => {
    const socket = await dial(world().port);
    const seen = received(socket);
    socket.write('GET /export/AAPL HTTP/1.0\r\n\r\n');
    await closed(socket);
    expect(seen.text).toMatch(/^HTTP\/1\.1 400 [\s\S]*a file is sent over HTTP\/1\.1 only/);
  });
}
