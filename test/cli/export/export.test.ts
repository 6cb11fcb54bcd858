import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { withSink } from '../../../src/cli/dead-letters/letters.ts';
import { exportTable } from '../../../src/cli/export/export.ts';
import type { ExportFlags } from '../../../src/cli/export/formats.ts';
import { quietEnvironment } from '../../../src/cli/shared/quiet.ts';
import { toMessage } from '../../../src/kit/message.ts';
import { resolveConnectors } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';

const folder = temporaryFolder();
const path = (name: string) => join(folder.path, name);
const fields = 'symbol: string, price: decimal, time: date, size: int64, conditions: strings, note: string';
const yaml = `name: test
connectors:
  trades:
    type: sqlite_table
    path: ${path('store.db')}
    table: trades
    fields: { ${fields} }
    indexes: [[symbol, -time, -_id]]
  plain: { type: sqlite_table, path: ${path('store.db')}, table: plain, fields: { name: string, at: date } }
  words: { type: sqlite_table, path: ${path('store.db')}, table: words }
  ticks: { type: sqlite_log, path: ${path('log.db')}, topic: ticks }
topologies: {}
`;
const request = {
  pipelinePath: path('pipeline.yml'),
  env: {},
  components: { connectors, operators },
  folder: folder.path,
};
const start = Date.UTC(2026, 0, 5, 14, 30);

/** More rows than two pages, several of them in one millisecond. */
const rows = Array.from({ length: 2500 }, (_, n) => ({
  ...{ symbol: n % 5 === 4 ? 'MSFT' : 'AAPL', price: `${n}.00000012`, time: start + Math.floor(n / 7), size: n },
  ...{ conditions: ['@', 'I'], note: n === 3 ? 'a "quoted",\nline' : null },
}));

async function store(name: string, values: readonly object[]): Promise<void> {
  const spec = readSpec(request);
  const connector = spec.connectors.get(name);
  const [plan] = resolveConnectors(spec, connector ? [connector] : []).connectors;
  if (!plan) throw new Error('no such connector');
  const environment = await quietEnvironment();
  await withSink(plan, environment, async (sink) => {
    const messages = values.map((value) =>
      toMessage({ key: null, value, timestamp: start, meta: { lane: 'test' } }, undefined),
    );
    expect((await sink.write(messages, new AbortController().signal)).failed?.size ?? 0).toBe(0);
  });
}

async function exported(flags: Partial<ExportFlags>, table = 'trades'): Promise<string> {
  const output = path('out');
  await exportTable(request, table, { format: 'csv', output, ...flags });
  return readFileSync(output, 'utf8');
}

const refusal = (flags: Partial<ExportFlags>, table?: string) =>
  exported(flags, table).then(
    () => 'none',
    ({ code, message }: { readonly code: string; readonly message: string }) => `${code} ${message}`,
  );

describe('export', () => {
  beforeAll(async () => {
    writeFileSync(request.pipelinePath, yaml);
    await store('trades', rows);
    await store('plain', [{ name: 'one', at: start }, { name: 'two' }]);
  });
  afterAll(() => folder[Symbol.dispose]());

  it('writes every row of a symbol once, in the order of time, with all of its digits', async () => {
    const lines = (await exported({ symbol: 'AAPL', format: 'ndjson' })).trimEnd().split('\n');
    const wanted = rows.filter(({ symbol }) => symbol === 'AAPL');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      wanted.map((row) => ({ ...row, time: new Date(row.time).toISOString() })),
    );
  });

  it('keeps to a range, of which the end does not belong to it', async () => {
    const from = new Date(start + 100).toISOString();
    const text = await exported({ where: ['symbol=MSFT'], from, to: String(start + 102) });
    const wanted = rows.filter(({ symbol, time }) => symbol === 'MSFT' && time >= start + 100 && time < start + 102);
    expect(
      text
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => Number(line.split(',')[3])),
    ).toEqual(wanted.map(({ size }) => size));
  });

  it('writes CSV that holds quotes, commas and line breaks', async () => {
    const text = await exported({ symbol: 'AAPL', to: String(start + 1) });
    expect(text.split('\n').slice(0, 2)).toEqual([
      'symbol,price,time,size,conditions,note',
      'AAPL,0.00000012,2026-01-05T14:30:00.000Z,0,"[""@"",""I""]",',
    ]);
    expect(text).toContain(',"a ""quoted"",\nline"\n');
  });

  it('writes Parquet with the types of the fields', async () => {
    await exported({ symbol: 'AAPL', format: 'parquet' });
    const found = await parquetReadObjects({ file: await asyncBufferFromFile(path('out')) });
    const wanted = rows.filter(({ symbol }) => symbol === 'AAPL');
    expect(found).toEqual(wanted.map((row) => ({ ...row, time: new Date(row.time), size: BigInt(row.size) })));
  });

  it('writes a table without an index at once, and an empty one as its header', async () => {
    expect(await exported({}, 'plain')).toBe('name,at\none,2026-01-05T14:30:00.000Z\ntwo,\n');
    expect(await exported({ symbol: 'NOBODY' })).toBe('symbol,price,time,size,conditions,note\n');
    expect((await exported({ symbol: 'NOBODY', format: 'parquet' })).startsWith('PAR1')).toBe(true);
  });

  it('reports what is wrong, and leaves no file behind', async () => {
    expect(await refusal({}, 'trade')).toContain('FDP_USAGE export: there is no table "trade": did you mean "trades"?');
    expect(await refusal({}, 'ticks')).toContain('FDP_USAGE export: there is no table "ticks"');
    expect(await refusal({}, 'words')).toContain('words declares no `fields`');
    expect(await refusal({ where: ['symbl=AAPL'] })).toContain('has no field "symbl": did you mean "symbol"?');
    expect(await refusal({ where: ['AAPL'] })).toContain('expected FIELD=VALUE');
    expect(await refusal({ symbol: 'AAPL', from: 'yesterday' })).toContain('--from: expected a time such as');
    expect(await refusal({ symbol: 'AAPL', by: 'price' })).toContain(
      '--by price: expected a date field of trades: time',
    );
    expect(await refusal({ from: '-1h' })).toContain('a range needs an index [time] of trades');
    expect(await refusal({ where: ['size=many'] })).toContain('size: expected a number, got "many"');
    const output = path('missing/out.csv');
    expect(await refusal({ symbol: 'AAPL', output })).toContain(
      `FDP_REFUSED export: ${output} can't be written: ENOENT`,
    );
    expect(existsSync(path('out.part'))).toBe(false);
  });
});
