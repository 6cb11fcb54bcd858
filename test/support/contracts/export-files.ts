import { expect, it } from 'vitest';
import type { ExportWorld } from '../sockets/export-world.ts';
import { closed, dial, received } from '../sockets/sockets.ts';
import { rowsOf, start } from './export-rows.ts';

type Get = (
  path: string,
  method?: string,
) => Promise<{ status: number | undefined; headers: Readonly<Record<string, unknown>>; text: string | undefined }>;

/** What is in a file. */
export function fileCases(world: () => ExportWorld, get: Get): void {
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

/** What is refused before a file begins. */
export function refusalCases(world: () => ExportWorld, get: Get): void {
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
