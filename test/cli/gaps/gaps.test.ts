import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { commandLine } from '../../../src/cli/command-line.ts';
import { withSink } from '../../../src/cli/dead-letters/letters.ts';
import { exportTable } from '../../../src/cli/export/export.ts';
import { closeGap, type GapFlags, listGaps, showGap } from '../../../src/cli/gaps/gaps.ts';
import { quietEnvironment } from '../../../src/cli/shared/quiet.ts';
import type { CommandResult } from '../../../src/cli/validate.ts';
import { Runtime } from '../../../src/engine/runtime.ts';
import { type GapSpan, gapMessage } from '../../../src/kit/gap-message.ts';
import { toMessage } from '../../../src/kit/message.ts';
import { resolve } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { eventually, temporaryFolder } from '../../support/cli/platform.ts';

const start = Date.UTC(2026, 0, 5, 14, 30);
const minute = 60_000;

let folder: ReturnType<typeof temporaryFolder>;

const request = () => ({
  pipelinePath: join(folder.path, 'pipeline.yml'),
  env: {},
  components: { connectors, operators },
  folder: folder.path,
});

/** The table has another name than the operator. */
function pipelineWith(operator: string, source = '{ connector: ticks, group: keeper, from: earliest }'): void {
  const yaml = `name: test
connectors:
  feed: { type: mock, symbols: [AAPL] }
  ticks: { type: sqlite_log, path: ${join(folder.path, 'log.db')}, topic: ticks }
  away:
    type: sqlite_table
    path: ${join(folder.path, 'store.db')}
    table: away
    fields: { key: string, id: string, feed: string, symbol: string, from: date, to: date, reason: string, state: string, filled: int64 }
    unique: key
    indexes: [[symbol, -to], [symbol, -from]]
topologies:
  keeper:
    source: ${source}
    sinks: [{ connector: away, operators: [${operator}] }]
`;
  writeFileSync(request().pipelinePath, yaml);
}

/** Writes gap messages into the log, as a feed does. */
function feed(span: Omit<GapSpan, 'feed'>, ...symbols: readonly string[]): Promise<void> {
  return feedAll([span], symbols);
}

async function feedAll(spans: readonly Omit<GapSpan, 'feed'>[], symbols: readonly string[]): Promise<void> {
  const { plan } = resolve(readSpec(request()));
  const log = plan?.connectors.get('ticks');
  if (!log) throw new Error('the pipeline has no log');
  const messages = spans.flatMap((span) =>
    symbols.map((symbol) =>
      toMessage(gapMessage({ ...span, feed: 'finnhub' }, symbol, span.to ?? span.from), undefined),
    ),
  );
  await withSink(log, await quietEnvironment(), (sink) => sink.write(messages, new AbortController().signal));
}

/** Runs the topology until `done`: its operator turns the messages of the log into rows. */
async function keptUntil<T>(done: () => Promise<T | false>): Promise<T> {
  const { plan } = resolve(readSpec(request()));
  if (!plan) throw new Error('the pipeline is invalid');
  const runtime = new Runtime(plan, testEnvironment());
  const ended = runtime.run();
  try {
    return await eventually('the rows', done);
  } finally {
    runtime.drain();
    expect(await ended).toMatchObject({ exitCode: 0 });
  }
}

const listed = async (flags: GapFlags = {}) => {
  const { text } = await listGaps(request(), { ...flags, json: true });
  return JSON.parse(text) as { gaps: Record<string, unknown>[]; older: number };
};
const rows = async () => {
  const output = join(folder.path, 'rows.ndjson');
  const { text } = await exportTable(request(), 'away', { format: 'ndjson', output });
  return Number.parseInt(text, 10);
};
const keptRows = (count: number) => keptUntil(async () => (await rows()) === count);
const untilClosed = () =>
  keptUntil(async () => {
    const { gaps } = await listed();
    return gaps[0]?.['state'] === 'closed' && gaps;
  });
const refusal = (result: Promise<CommandResult>) =>
  result.then(
    ({ exitCode }) => `exit code ${exitCode}`,
    ({ code, message }: { readonly code: string; readonly message: string }) => `${code} ${message}`,
  );
const at = (minutes: number) => start + minutes * minute;
const id = (minutes: number) => `finnhub-${at(minutes)}`;

describe('fdp gaps', () => {
  beforeEach(() => {
    folder = temporaryFolder();
    pipelineWith('gaps: {}');
  });
  afterEach(() => folder[Symbol.dispose]());

  it('lists a line a gap, the newest first, with all of its symbols', async () => {
    await feed({ from: at(0), to: at(0) + 90_500, reason: 'the connection was lost' }, 'MSFT', 'AAPL');
    await feed({ from: at(5), reason: 'stopped' }, 'AAPL');
    await keptRows(3);
    const { text, exitCode } = await listGaps(request());
    expect(exitCode).toBe(0);
    const [header, open, closed, ...more] = text.trimEnd().split('\n');
    expect(header?.split(/\s+/)).toEqual(['ID', 'FEED', 'STATE', 'FROM', 'TO', 'LENGTH', 'SYMBOLS', 'REASON']);
    const since = '2026-01-05T14:35:00.000Z';
    expect(open).toMatch(new RegExp(`^${id(5)} +finnhub +open +${since} +open +\\d+ d( \\d+ h)? +AAPL +stopped$`));
    const times = ['2026-01-05T14:30:00.000Z', '2026-01-05T14:31:30.500Z', '1 min 30 s'];
    const cells = [id(0), 'finnhub', 'closed', ...times, 'AAPL,MSFT', 'the connection was lost'];
    expect(closed?.split(/ {2,}/)).toEqual(cells);
    expect(more).toEqual([]);
    expect((await listed({ symbol: 'MSFT' })).gaps).toEqual([
      expect.objectContaining({ id: id(0), symbols: ['MSFT'], length_ms: 90_500 }),
    ]);
  });

  it('lists the hundred newest, and says how many more there are', async () => {
    expect((await listGaps(request())).text).toBe('no gaps\n');
    const spans = Array.from({ length: 103 }, (_, n) => ({ from: at(n), to: at(n) + 1000, reason: 'away' }));
    await feedAll(spans, ['AAPL']);
    await keptRows(103);
    const lines = (await listGaps(request())).text.trimEnd().split('\n');
    expect(lines).toHaveLength(102);
    expect(lines[1]).toContain(id(102));
    expect(lines.at(-1)).toBe('and 3 older ones');
    expect(await listed()).toMatchObject({ older: 3 });
  });

  it('shows all fields of one', async () => {
    await feed({ from: at(0), to: at(2), reason: 'away' }, 'AAPL');
    await feed({ from: at(0), reason: 'away' }, 'MSFT');
    await keptRows(2);
    const { text } = await showGap(request(), id(0), { json: true });
    expect(JSON.parse(text)).toEqual({
      ...{ id: id(0), feed: 'finnhub', symbols: ['AAPL', 'MSFT'], open_symbols: ['MSFT'], state: 'open' },
      ...{ from: '2026-01-05T14:30:00.000Z', to: null, length_ms: expect.any(Number), reason: 'away', filled: 0 },
    });
    const shown = (await showGap(request(), id(0), { symbol: 'AAPL' })).text;
    expect(shown).toMatch(/^to +2026-01-05T14:32:00\.000Z$/m);
    expect(shown).toMatch(/^length_ms +120000$/m);
    expect((await showGap(request(), id(0))).text).toMatch(/^to +open$/m);
  });

  it('ends an open gap now, by the log, and only where it is open', async () => {
    await feed({ from: at(0), to: at(2), reason: 'away' }, 'AAPL');
    await feed({ from: at(0), reason: 'away' }, 'MSFT', 'TSLA');
    await keptRows(3);
    const before = Date.now();
    const { text, exitCode } = await closeGap(request(), id(0), { json: true });
    const after = Date.now();
    expect(exitCode).toBe(0);
    const closed = JSON.parse(text) as { readonly symbols: readonly string[]; readonly to: string };
    expect(closed.symbols).toEqual(['MSFT', 'TSLA']);
    expect(Date.parse(closed.to)).toBeGreaterThanOrEqual(before);
    expect(Date.parse(closed.to)).toBeLessThanOrEqual(after);
    const [gap] = await untilClosed();
    expect(gap).toMatchObject({ to: closed.to, symbols: ['AAPL', 'MSFT', 'TSLA'], open_symbols: [] });
    expect((await listed({ symbol: 'AAPL' })).gaps[0]).toMatchObject({ to: '2026-01-05T14:32:00.000Z' });
    expect(await rows()).toBe(3);
  });

  it('leaves a closed gap as it is, whatever the feed writes about it afterwards', async () => {
    await feed({ from: at(0), reason: 'away' }, 'AAPL');
    await keptRows(1);
    expect((await closeGap(request(), id(0))).text).toMatch(
      new RegExp(`^${id(0)} ended at \\S+Z in ticks for 1 symbol: keeper merges it into away\n$`),
    );
    const [closed] = await untilClosed();
    await feed({ from: at(0), reason: 'noted again' }, 'AAPL');
    await feed({ from: at(0), to: Date.now() + minute, reason: 'it came back' }, 'AAPL');
    await feed({ from: at(9), to: at(9) + 1, reason: 'another' }, 'AAPL');
    await keptRows(2);
    expect((await listed()).gaps.find((gap) => gap['id'] === id(0))).toEqual(closed);
  });

  it('ends a gap at the session of its calendar, though its row begins later than the gap', async () => {
    const calendar = join(folder.path, 'years.yml');
    // The shipped one ends in a few years; the gap is closed at the present time.
    const shipped = readFileSync('calendars/XNYS.yml', 'utf8').replace(
      /^years: .*$/m,
      'years: { from: 2024, to: 2090 }',
    );
    writeFileSync(calendar, shipped);
    pipelineWith(`gaps: { calendar: ${calendar}, session: regular }`);
    const night = Date.UTC(2026, 0, 5, 3);
    await feed({ from: night, reason: 'away' }, 'AAPL');
    await keptRows(1);
    const gap = `finnhub-${night}`;
    expect((await listed()).gaps[0]).toMatchObject({ id: gap, from: '2026-01-05T14:30:00.000Z', to: null });
    await closeGap(request(), gap);
    const [closed] = await untilClosed();
    expect(closed).toMatchObject({ from: '2026-01-05T14:30:00.000Z' });
    expect((await listed()).gaps).toHaveLength(1);
  });

  it('refuses an unknown gap, one that is over, and a pipeline that keeps none', async () => {
    await feed({ from: at(0), to: at(1), reason: 'away' }, 'AAPL');
    await keptRows(1);
    const unknown = (of = '') => `FDP_USAGE gaps: there is no gap "no"${of}: "fdp gaps list" lists them`;
    expect(await refusal(showGap(request(), 'no'))).toBe(unknown());
    expect(await refusal(closeGap(request(), 'no', { symbol: 'AAPL' }))).toBe(unknown(' of AAPL'));
    expect(await refusal(closeGap(request(), id(0)))).toBe(`FDP_USAGE gaps: ${id(0)} is closed already`);
    pipelineWith("filter: 'true'");
    const none = 'FDP_USAGE gaps: no topology keeps gaps: none has a branch that ends in the operator `gaps`';
    expect(await refusal(listGaps(request()))).toBe(none);
    expect(await refusal(closeGap(request(), id(0)))).toBe(none);
    pipelineWith('gaps: {}', 'feed');
    expect(await refusal(closeGap(request(), id(0)))).toBe(
      `FDP_USAGE gaps: keeper reads feed, which is no log: the end of ${id(0)} can't be written`,
    );
  });

  it('lists without a further word', async () => {
    const calls: unknown[] = [];
    const gaps = { list: async (flags: GapFlags) => calls.push(flags) };
    const program = commandLine(
      '0.0.0',
      () => ({ gaps }) as never,
      () => undefined,
    );
    await program.parseAsync(['gaps', '--symbol', 'AAPL', '--json'], { from: 'user' });
    expect(calls).toEqual([{ symbol: 'AAPL', json: true }]);
  });
});
