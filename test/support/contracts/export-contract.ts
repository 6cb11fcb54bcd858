import { Agent } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bodyOf, ExportWorld } from '../sockets/export-world.ts';
import { until } from '../sockets/sockets.ts';
import { fileCases, refusalCases } from './export-files.ts';
import { barRows, big, rows, rowsOf, start } from './export-rows.ts';

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
