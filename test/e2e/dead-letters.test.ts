import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { envelope, LogWriter } from '../support/cli/log-writer.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { expectStoredOnce, lettersOf, storedTrades, storesOf } from '../support/cli/stored.ts';
import { workspaceIn } from '../support/cli/workspace.ts';

/** The shipped pipeline, edited, in its own folder. */
function pipelineIn(folder: string, change: (text: string) => string): string {
  for (const part of ['config', 'topologies']) cpSync(part, join(folder, part), { recursive: true });
  const path = join(folder, 'pipeline.yml');
  writeFileSync(path, change(readFileSync('pipeline.yml', 'utf8')));
  return path;
}

async function command(env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  await using run = new Process(args, env);
  expect(await run.ended, run.output).toBe(0);
  return run.stdout;
}

/** Runs a command with this standard input. */
async function commandWith(input: string, env: Readonly<Record<string, string>>, ...args: string[]): Promise<string> {
  await using run = new Process(args, env, input);
  expect(await run.ended, run.output).toBe(0);
  return run.stdout;
}

describe('fdp dead-letters', () => {
  it('replays after a fix: each letter is stored and counted once, with the rest of its record; a second replay changes nothing', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using log = await LogWriter.open(folder.path);
    const wrong = pipelineIn(folder.path, (text) => text.replace('price < 1e15', 'price < 100.0'));
    const mended = pipelineIn(join(folder.path, 'mended'), (text) => text);
    const records = [
      envelope({ p: 1 }, { p: 200, t: 1763645598590 }, { p: 3 }),
      envelope({ p: 300 }, { p: 400 }),
      'no JSON',
      envelope({ p: 5, s: 'TSLA' }),
    ];
    // The records have one key, so their letters are in one partition, in this order.
    await log.append(records, 0, 'AAPL');
    await using processor = new Process(['--pipeline', wrong, '--topology', 'processor'], env);
    await eventually('four letters', async () => lettersOf(folder.path).length === 4);
    await eventually('the others stored', async () => storedTrades(folder.path) === 3);
    expect(await processor.stop()).toBe(0);

    const list = await command(env, 'dead-letters', 'list', '--pipeline', mended);
    expect(list.match(/FDP_MESSAGE_INVALID/g)).toHaveLength(3);
    expect(list.match(/FDP_MESSAGE_UNREADABLE/g)).toHaveLength(1);
    expect(list).toContain('raw_stock_ticks-0-0--1');
    const id = /^(\S+) .*raw_stock_ticks-0-0--1/m.exec(list)?.[1] ?? '';
    const newest = /^(\S+) .*raw_stock_ticks-0-1--1/m.exec(list)?.[1] ?? '';
    expect(await command(env, 'dead-letters', 'show', id, '--pipeline', mended)).toContain('"index": 1');

    // First the newest alone, then all: replaying the newest must not skip those before it.
    await using alone = new Process(['dead-letters', 'replay', newest, '--pipeline', mended], env);
    expect([await alone.ended, alone.stdout]).toEqual([0, 'processor: 1 of 1 delivered\n']);
    // First those that were not replayed yet; then those that were rejected again; then all, which changes nothing.
    const rounds = [
      [[], '2 of 3'],
      [[], '0 of 1'],
      [['--again'], '3 of 4'],
    ] as const;
    for (const [flags, delivered] of rounds) {
      await using replay = new Process(['dead-letters', 'replay', ...flags, '--pipeline', mended], env);
      expect([delivered, await replay.ended]).toEqual([delivered, 1]);
      expect(replay.stdout).toBe(`processor: ${delivered} delivered\n`);
      expect(await expectStoredOnce(folder.path)).toMatchObject({ symbols: { AAPL: [5, 1763645598590] } });
    }
    const after = await command(env, 'dead-letters', 'list', '--pipeline', mended);
    expect(after.match(/ replayed /g)).toHaveLength(3);
    const open = /^(\S+) +\S+ +open .*FDP_MESSAGE_UNREADABLE/m.exec(after)?.[1] ?? '';
    expect(await command(env, 'dead-letters', 'drop', open, id, '--pipeline', mended)).toBe('2 dropped\n');
    expect(await command(env, 'dead-letters', 'drop', open, '--pipeline', mended)).toBe('0 dropped\n');
    expect(await command(env, 'dead-letters', 'replay', '--pipeline', mended)).toBe('nothing to replay\n');
    const left = JSON.parse(await command(env, 'dead-letters', 'list', '--json', '--pipeline', mended));
    expect(left.letters.map(({ state }: { state: string }) => state)).toEqual(['replayed', 'replayed']);
    expect(await command(env, 'dead-letters', 'show', open, '--pipeline', mended)).toMatch(/^dropped \d{4}-/);
    for (const action of ['show', 'drop', 'replay']) {
      await using unknown = new Process(['dead-letters', action, '9-999', '--pipeline', mended], env);
      expect([await unknown.ended, unknown.output]).toEqual([
        2,
        expect.stringContaining('there is no dead letter "9-999"'),
      ]);
    }
  });

  it('replays while the platform runs; reports a topology that only displays, and still replays the others', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    // `filter` would drop invalid trades silently; with `require` all three topologies reject them.
    const pipeline = pipelineIn(folder.path, (text) => text.replaceAll('- filter: *valid', '- require: *valid'));
    await using platform = new Process(['--pipeline', pipeline], env);
    await eventually('trades are stored', async () => storedTrades(folder.path) > 0);
    const frame = '{"type":"trade","data":[{"s":"AAPL","p":196.38,"t":1763645598585,"v":-1}]}';
    expect(await commandWith(frame, env, 'produce', 'ticks', '--key', 'AAPL', '--pipeline', pipeline)).toBe(
      '1 message put into ticks\n',
    );
    await eventually('all have refused it', async () => lettersOf(folder.path).length === 3);
    await using replay = new Process(['dead-letters', 'replay', '--pipeline', pipeline], { ...env, OBSERVE_PORT: '' });
    expect(await replay.ended).toBe(1);
    expect(replay.stdout.split('\n').sort()).toEqual([
      '',
      'analytics: 0 of 1 delivered; messages are not shown again at vwap_feed',
      'candles, sink candles: 0 of 1 delivered',
      'processor: 0 of 1 delivered',
    ]);
    expect(await platform.stop()).toBe(0);
  });

  it('shows and replays letters of topologies that start only when named, and names those of removed topologies', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using log = await LogWriter.open(folder.path);
    const wrong = pipelineIn(folder.path, (text) => text.replace('price < 1e15', 'price < 100.0'));
    const asleep = (name: string) => (text: string) =>
      text.replace(/^ {2}processor:\n/m, `  ${name}:\n    autostart: false\n`);
    await log.append([envelope({ p: 200 })], 0, 'AAPL');
    await using processor = new Process(['--pipeline', wrong, '--topology', 'processor'], env);
    await eventually('a letter', async () => lettersOf(folder.path).length === 1);
    expect(await processor.stop()).toBe(0);

    const renamed = pipelineIn(join(folder.path, 'renamed'), asleep('storer'));
    expect(await command(env, 'dead-letters', 'list', '--pipeline', renamed)).toContain(' processor/require ');
    await using lost = new Process(['dead-letters', 'replay', '--pipeline', renamed], env);
    expect([await lost.ended, lost.stdout]).toEqual([
      1,
      'processor: 0 of 1 delivered; the pipeline has no topology with this name\n',
    ]);
    const named = pipelineIn(join(folder.path, 'named'), asleep('processor'));
    expect(await command(env, 'dead-letters', 'replay', '--pipeline', named)).toBe('processor: 1 of 1 delivered\n');
    expect(storedTrades(folder.path)).toBe(1);
  });
});

describe('a mark that does not match the log', () => {
  it.each(['after what it holds was counted', 'before what it holds was counted'])(
    'holds the lane, not ready, with the command to run; afterwards counting continues: a backup made %s',
    async (when) => {
      using folder = temporaryFolder();
      const { env } = await workspaceIn(folder.path);
      const [log, backup] = [join(folder.path, 'log.db'), join(folder.path, 'backup.db')];
      const processor = () => new Process(['--topology', 'processor'], env);
      const append = async (count: number, from = 1763645598585) => {
        await using writer = await LogWriter.open(folder.path);
        await writer.append(Array.from({ length: count }, (_, at) => envelope({ t: from + at })));
      };
      const storeAll = async () => {
        await using running = processor();
        await expectStoredOnce(folder.path);
        expect(await running.stop()).toBe(0);
      };
      await append(5);
      if (when.startsWith('before')) cpSync(log, backup);
      await storeAll();
      if (when.startsWith('after')) cpSync(log, backup);
      await append(20);
      await storeAll();
      // The log is restored from its backup: the counters remember positions beyond its end.
      for (const file of [log, `${log}-wal`, `${log}-shm`]) rmSync(file, { force: true });
      cpSync(backup, log);

      await using held = processor();
      await eventually('the lane is held', async () => held.output.includes('counters forget --topology processor'));
      expect(held.output).toContain('symbols has counted up to offset 24');
      await append(1, 1763645600000);
      const printed = await command(env, 'counters', 'forget', '--topology', 'processor');
      expect(printed).toMatch(
        /^forgotten: symbols has counted up to offset 24 of \S+, but the log ends at 6; counting continues after offset 4\ncounts, rows and the positions of the group are unchanged; .+\n$/,
      );
      await eventually('the lane goes on', async () => storesOf(folder.path).symbols['AAPL']?.[0] === 26);
      expect(storedTrades(folder.path)).toBe(26);
      expect(await held.stop()).toBe(0);
    },
  );
});
