import { describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../src/kit/dead-letter.ts';
import { envelope, LogWriter } from '../support/cli/log-writer.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { lettersOf, logOf, storedTrades, storesOf } from '../support/cli/stored.ts';
import { get, LineReader, workspaceIn } from '../support/cli/workspace.ts';

type Poison = readonly [what: string, value: string | Uint8Array, code: string, indexes?: readonly number[]];

const unreadable = 'FDP_MESSAGE_UNREADABLE';
const invalid = 'FDP_MESSAGE_INVALID';

/** Values that can't be read as trades. */
const shapeless: readonly Poison[] = [
  ['another shape', '{"hello":"world"}', invalid],
  ['another envelope', '{"type":"trade","data":{"0":{"s":"AAPL"}}}', invalid],
  ['an inherited field', '{"__proto__":{"data":[{"s":"AAPL","p":1,"t":1,"v":1}]}}', invalid],
  ['null', 'null', invalid],
  ['a number', '7', invalid],
  ['a list', '[]', invalid],
  ['not JSON', 'this is not JSON', unreadable],
  ['NaN', '{"type":"trade","data":[{"s":"AAPL","p":NaN,"t":1,"v":1}]}', unreadable],
  ['half a message', '{"type":"trade","data":[{"p":1', unreadable],
  ['nothing', '', unreadable],
  ['2 MB', `{"junk":"${'x'.repeat(2 * 1024 * 1024)}"}`, invalid],
  ['100,000 lists', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, unreadable],
  ['invalid UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]), unreadable],
  ['NUL characters', '{"a":\0}', unreadable],
];

/** Invalid trades beside a valid one. */
const wrongTrades: readonly Poison[] = [
  ['no symbol', envelope({ s: undefined }), invalid, [0]],
  ['no time', envelope({ t: undefined }), invalid, [0]],
  ['a symbol of 41 characters', envelope({ s: 'A'.repeat(41) }), invalid, [0]],
  ['a symbol with a line feed', envelope({ s: 'A\nB' }), invalid, [0]],
  ['a symbol with a NUL character', envelope({ s: 'A\0B' }), invalid, [0]],
  ['a symbol that is a number', envelope({ s: 5 }), invalid, [0]],
  ['a price without end', envelope({ p: -1e15 }), invalid, [0]],
  ['NaN as text', envelope({ p: 'NaN' }), invalid, [0]],
  ['a price as text', envelope({ p: '196.38' }), invalid, [0]],
  ['an infinite price', envelope({}).replace('196.38', '1e999'), invalid, [0]],
  ['a negative volume', envelope({ v: -5 }), invalid, [0]],
  ['a volume of null', envelope({ v: null }), invalid, [0]],
  ['a time of the year 1e12', envelope({ t: 1e25 }), invalid, [0]],
  ['a time in seconds', envelope({ t: 1763645598 }), invalid, [0]],
  ['a time in microseconds', envelope({ t: 1763645598585000 }), invalid, [0]],
  ['a time of the year 2099', envelope({ t: Date.UTC(2099, 0) }), invalid, [0]],
  ['a fraction of a ms', envelope({ t: 1763645598585.5 }), invalid, [0]],
  ['no trades at all', '{"type":"trade","data":[null,7,"x",[]]}', invalid, [0, 1, 2, 3]],
  ['the second of three', envelope({ s: 'GOOD' }, { p: '1' }, { s: 'GOOD' }), invalid, [1]],
  ['fields behind __proto__', '{"data":[{"__proto__":{"s":"AAPL","p":1,"t":1,"v":1}}]}', invalid, [0]],
];

function bytesOf(value: string | Uint8Array): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : Buffer.from(value);
}

/** The origin and the content of a letter, in a form that can be compared. */
function summaryOf({ code, origin, value, encoding, bytes }: DeadLetter) {
  const { partition, offset, index } = origin;
  return {
    code,
    partition,
    offset,
    index,
    bytes,
    start: Buffer.from(value, encoding).subarray(0, 1000).toString('hex'),
  };
}

describe('poison', () => {
  it('goes to the dead letter once with reason and origin, and affects no other message', async () => {
    using folder = temporaryFolder();
    const { env, api, tcpPort } = await workspaceIn(folder.path);
    await using writer = await LogWriter.open(folder.path);
    await using platform = new Process(['--topology', 'processor,analytics,api'], env);
    using reader = new LineReader(tcpPort);
    await eventually('a connected client', async () => reader.isConnected);

    const poison = [...shapeless, ...wrongTrades];
    let good = 0;
    for (const [, value] of poison) {
      await writer.append([envelope({ s: 'GOOD', v: ++good }), value, envelope({ s: 'GOOD', v: ++good })]);
    }
    await writer.append(['{"type":"trade","data":[]}', envelope({ s: '__proto__' }), envelope({ s: 'constructor' })]);
    await writer.append([envelope({ s: 'LAST' })]);
    const goodTrades = 2 * poison.length + 2;
    const letters = () => lettersOf(folder.path).filter(({ topology }) => topology === 'processor');
    const expected = poison.flatMap(([, value, code, indexes], nth) =>
      (indexes ?? [undefined]).map((index) => {
        const start = bytesOf(value).subarray(0, 1000).toString('hex');
        return { code, partition: 0, offset: 3 * nth + 1, index, bytes: bytesOf(value).length, start };
      }),
    );
    await eventually('all letters', async () => letters().length >= expected.length);
    await eventually('all trades', async () => storedTrades(folder.path) >= goodTrades + 3);
    const byOrigin = (letter: { offset?: number | undefined; index?: number | undefined }) =>
      10 * (letter.offset ?? 0) + (letter.index ?? 0);
    expect(
      letters()
        .map(summaryOf)
        .sort((a, b) => byOrigin(a) - byOrigin(b)),
    ).toEqual(expected);
    for (const letter of letters()) {
      expect(letter.reason).toMatch(/^[^\n]{10,}$/);
      expect(letter.reason.length, letter.reason.slice(0, 300)).toBeLessThan(2000);
      expect(letter.origin).toMatchObject({ topic: 'raw_stock_ticks', key: null, timestamp: expect.any(Number) });
    }
    // The stores accept what the rule lets pass: they and the VWAP agree on every trade.
    expect(letters().filter(({ sink }) => sink !== undefined)).toEqual([]);

    await eventually('counters', async () => storesOf(folder.path).symbols['LAST'] !== undefined);
    const at = 1763645598585;
    const { symbols } = storesOf(folder.path);
    expect(new Map(Object.entries(symbols))).toEqual(
      new Map([
        ['GOOD', [goodTrades, at]],
        ['LAST', [1, at]],
        ['__proto__', [1, at]],
        ['constructor', [1, at]],
      ]),
    );
    expect(storedTrades(folder.path)).toBe(goodTrades + 3);

    const fromAnalytics = () => lettersOf(folder.path).filter(({ topology }) => topology === 'analytics');
    await eventually('the last line', async () => reader.lines.some((line) => line.includes('"LAST"')));
    const origins = fromAnalytics().map(({ origin }) => `${origin.offset}-${origin.index ?? ''}`);
    expect(new Set(origins).size).toBe(origins.length);
    expect(origins).toEqual(expect.arrayContaining(shapeless.map((_poison, index) => `${3 * index + 1}-`)));
    expect(reader.lines.filter((line) => line.includes('"GOOD"'))).toHaveLength(goodTrades);
    expect(await get(`${api}/api/v1/trades/__proto__`)).toMatchObject({
      status: 200,
      body: { data: { data: [{ price: '196.38', volume: '10' }] } },
    });
    expect(await platform.stop()).toBe(0);
    expect(letters()).toHaveLength(expected.length);
  });

  it('holds a topology after a thousand in a row, logs it, ends nothing, and continues after a restart', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    await using writer = await LogWriter.open(folder.path);
    await writer.append([envelope({ s: 'FIRST' })]);
    let poison = 0;
    const letters = () => logOf(folder.path, 'raw_stock_ticks.rejected').length;
    {
      await using platform = new Process(['--topology', 'processor,api'], env);
      const held = 'ticks is held: 1000 messages in a row were rejected';
      const isHeld = () => platform.log.some(({ topology, msg }) => topology === 'processor' && msg.includes(held));
      await eventually('more and more poison', async () => {
        await writer.append(Array.from({ length: 150 }, () => `poison ${poison++}`));
        await eventually('their letters', async () => isHeld() || letters() >= poison);
        return isHeld();
      });
      expect(poison).toBeGreaterThanOrEqual(1000);
      expect(poison).toBeLessThan(1000 + 150 * 3);
      await writer.append([envelope({ s: 'AFTER' })]);
      expect(await get(`${api}/api/v1/symbols`)).toMatchObject({ status: 200 });
      expect(platform.child.exitCode).toBe(null);
      expect(platform.output.match(/is held/g)).toHaveLength(1);
      expect(await platform.stop()).toBe(0);
    }
    expect(storedTrades(folder.path)).toBe(1);
    await using again = new Process(['--topology', 'processor,api'], env);
    await eventually('the trade after the poison', async () => storedTrades(folder.path) === 2);
    await eventually('it is counted', async () => storesOf(folder.path).symbols['AFTER'] !== undefined);
    expect(await again.stop()).toBe(0);
    const offsets = lettersOf(folder.path).map(({ origin }) => Number(origin.offset));
    expect(offsets.sort((a, b) => a - b)).toEqual(Array.from({ length: poison }, (_unused, index) => index + 1));
  });
});
