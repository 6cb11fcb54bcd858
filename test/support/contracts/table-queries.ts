import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Row } from '../../../src/kit/row.ts';
import { rowMessage, type TableWorld, TestTable } from './table-harness.ts';
import { trade, trades } from './table-trades.ts';

const newest = [
  { field: 'time', descending: true },
  { field: '_id', descending: true },
];

/** Which rows a query finds, in which order, with which fields. */
export function queryCases(world: () => TableWorld): void {
  it('finds rows by equal values; a value of another type finds none', async () => {
    const table = await TestTable.open(world());
    await table.write([...trades(0, 3), ...trades(3, 5, { symbol: 'B', time: 7, late: true, price: 2 })]);
    const count = async (where: object) => (await table.find({ where: { ...where } })).length;
    expect(await count({ symbol: 'A' })).toBe(3);
    expect(await count({ symbol: 'B', time: 7 })).toBe(2);
    expect(await count({ late: true })).toBe(2);
    expect(await count({ late: null })).toBe(3);
    expect(await count({ price: '2.00' })).toBe(2);
    expect(await count({ _id: (await table.ids())[3] })).toBe(1);
    expect(await count({ symbol: 5 })).toBe(0);
    expect(await count({ time: 'soon' })).toBe(0);
    expect(await count({ _id: 'x' })).toBe(0);
    expect(await count({ symbol: "' OR 1=1 --" })).toBe(0);
    await table.close();
  });

  it('sorts: missing values first, numbers and decimals by value, text by its bytes', async () => {
    const table = await TestTable.open(world());
    const values = [
      { symbol: '\uffff', price: '10', size: 2 },
      { symbol: '\u{1F600}', price: 9, size: null },
      { symbol: 'Z', price: -1, size: 10 },
      { symbol: 'a', price: null, size: 1 },
    ];
    await table.write(values.map((value, index) => rowMessage(trade(`k${index}`, value))));
    const sorted = async (field: string, descending: boolean) =>
      (await table.find({ sort: [{ field, descending }] })).map((row) => row[field]);
    expect(await sorted('symbol', false)).toEqual(['Z', 'a', '\uffff', '\u{1F600}']);
    expect(await sorted('price', false)).toEqual([null, '-1', '9', '10']);
    expect(await sorted('size', true)).toEqual([10, 2, 1, null]);
    await table.close();
  });

  it('refuses a field that the table does not have', async () => {
    const table = await TestTable.open(world());
    const sort = [{ field: 'tiem', descending: false }];
    await expect(table.find({ where: { sybmol: 'A' } })).rejects.toMatchObject({ code: 'FDP_INTERNAL' });
    await expect(table.find({ sort })).rejects.toMatchObject({ code: 'FDP_INTERNAL' });
    await table.close();
  });

  it('returns the requested fields, with their types', async () => {
    const table = await TestTable.open(world(), {
      fields: { at: 'date', tags: 'strings', price: 'decimal', name: 'string' },
    });
    await table.write([rowMessage({ at: 5, tags: ['a', 'b'], price: '1.50', name: 'x' })]);
    const [row] = await table.find({ where: { name: 'x' }, fields: ['tags', 'price'] });
    expect(row).toMatchObject({ tags: ['a', 'b'], price: '1.5', _id: expect.any(String) });
    await expect(table.find({ fields: ['nmae'] })).rejects.toMatchObject({ code: 'FDP_INTERNAL' });
    await table.close();
  });

  it('returns the same values with fields and without', async () => {
    const table = await TestTable.open(world(), {
      fields: { name: 'string', at: 'date', size: 'int64', price: 'decimal', late: 'boolean', ratio: 'double' },
    });
    const values = fc.record({
      name: fc.option(fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))),
      ...{ at: fc.option(fc.integer()), size: fc.option(fc.maxSafeInteger()), late: fc.option(fc.boolean()) },
      ...{
        price: fc.constantFrom(null, '-0.00000012', '12345678901234567890.5'),
        ratio: fc.constantFrom(0.1 + 0.2, 1e-300),
      },
    });
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 20 }), async (rows) => {
        await table.write(rows.map((row) => rowMessage(row)));
        const whole = await table.find();
        for (const fields of [
          ['name', 'at', 'size', 'price', 'late'],
          ['ratio', 'name'],
        ]) {
          // A table may return more than it is asked for.
          const selected = (rows: readonly Row[]) =>
            rows.map((row) => Object.fromEntries(['_id', ...fields].map((name) => [name, row[name]])));
          expect(selected(await table.find({ fields }))).toEqual(selected(whole));
        }
      }),
      { numRuns: 10 },
    );
    await table.close();
  });

  it('returns every row that matches, up to the limit, however many', async () => {
    const table = await TestTable.open(world(), { fields: { size: 'int64' } });
    await table.write(Array.from({ length: 20_001 }, (_, size) => rowMessage({ size })));
    expect(await table.find({ limit: 30_000 })).toHaveLength(20_001);
    expect(await table.find({ limit: 15_001 })).toHaveLength(15_001);
    await table.close();
  });
}

/** Pages and ranges. */
export function pageCases(world: () => TableWorld): void {
  it('walks a thousand rows of one millisecond, each once, while rows are stored', async () => {
    const table = await TestTable.open(world());
    await table.write(trades(0, 1000));
    await table.write(trades(1000, 1100, { symbol: 'B' }));
    const seen: unknown[] = [];
    let after: { value: number; id: string } | undefined;
    for (let more = 2000; ; more += 3) {
      const page = await table.find({ where: { symbol: 'A' }, sort: newest, limit: 7, ...(after ? { after } : {}) });
      if (page.length === 0) break;
      seen.push(...page.map(({ message_key }) => message_key));
      const edge = page.at(-1);
      after = { value: Number(edge?.['time']), id: String(edge?.['_id']) };
      await table.write(trades(more, more + 3));
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(Array.from({ length: 1000 }, (_, index) => `k${999 - index}`));
    await table.close();
  });

  it('skips equal values without an id, and walks up as well as down', async () => {
    const table = await TestTable.open(world());
    await table.write([3, 1, 2, 2, 3, 1].map((time, index) => rowMessage(trade(`k${index}`, { time }))));
    const ids = async (query: object) => (await table.findNumbered(query)).map(({ _id }) => Number(_id));
    const stored = await table.ids();
    const after = (value: number, id: number) => ({ value, id: stored[id - 1] });
    const by = (time: boolean, id: boolean) => [
      { field: 'time', descending: time },
      { field: '_id', descending: id },
    ];
    expect(await ids({ sort: by(true, true), after: { value: 3 } })).toEqual([4, 3, 6, 2]);
    expect(await ids({ sort: by(true, true), after: after(2, 4) })).toEqual([3, 6, 2]);
    expect(await ids({ sort: by(false, false), after: after(2, 3) })).toEqual([4, 1, 5]);
    expect(await ids({ sort: by(true, false), after: after(3, 1) })).toEqual([5, 3, 4, 2, 6]);
    expect(await ids({ sort: by(false, true), after: after(1, 6) })).toEqual([2, 4, 3, 5, 1]);
    expect(await ids({ sort: by(false, false), skip: 2, limit: 2 })).toEqual([3, 4]);
    expect(await ids({ sort: by(false, false), skip: 6, limit: 1 })).toEqual([]);
    await table.close();
  });

  it('keeps to ranges, from a lower bound on and below an upper one, in every order and on every page', async () => {
    const table = await TestTable.open(world());
    const times = [3, 1, 2, 2, 3, 1, 5, 4];
    await table.write(times.map((time, index) => rowMessage(trade(`k${index}`, { time }))));
    await table.write([rowMessage(trade('none', { time: null }))]);
    const placed = await table.findNumbered({ where: { symbol: 'A' } });
    expect(placed).toHaveLength(9);
    const rows = times.map((time, index) => ({ time, id: index + 1 }));
    const stored = await table.ids();
    const bounds = [undefined, 1, 2, 3, 6];
    for (const descending of [true, false])
      for (const from of bounds)
        for (const to of bounds) {
          const sign = descending ? -1 : 1;
          const within = rows
            .filter(({ time }) => time >= (from ?? -1) && time < (to ?? 9))
            .sort((a, b) => (a.time - b.time || a.id - b.id) * sign);
          const expected = from === undefined && to === undefined ? undefined : within.map(({ id }) => id);
          const range = { field: 'time', ...(from !== undefined && { from }), ...(to !== undefined && { to }) };
          const sort = ['time', '_id'].map((field) => ({ field, descending }));
          const query = { where: { symbol: 'A' }, ranges: [range], sort };
          const found = async (more: object) =>
            (await table.findNumbered({ ...query, ...more })).map(({ _id }) => Number(_id));
          if (expected) expect([from, to, await found({})]).toEqual([from, to, expected]);
          for (const edge of within) {
            const after = { value: edge.time, id: stored[edge.id - 1] };
            expect([from, to, edge, await found({ after })]).toEqual([
              ...[from, to, edge],
              within.slice(within.indexOf(edge) + 1).map(({ id }) => id),
            ]);
          }
        }
    await table.close();
  });

  it('refuses an invalid id', async () => {
    const table = await TestTable.open(world());
    await table.write(trades(0, 1));
    const after = { value: 5000, id: '1 OR 1' };
    await expect(table.find({ sort: newest, after })).rejects.toMatchObject({ code: 'FDP_PARAMETER_INVALID' });
    await table.close();
  });
}
