import { type BacklogRun, workOff } from '../backlog.ts';
import { fdpRun } from '../child.ts';
import { filledLog, RunFolder } from '../embedded.ts';
import { type Backlog, backlogLabel } from '../market.ts';
import type { Bench, Path } from '../path.ts';
import { inTurns, type Row } from '../turns.ts';

/** Bars of four lengths, one of them stored, beside the processor on the same backlog: on files, each in a process of its own. */
export const candles: Path = {
  name: 'candles',
  async measure(bench) {
    const messages = bench.sized({ quick: 20_000, normal: 80_000, full: 400_000 });
    const rows: Row[] = [];
    for (const symbols of [6, 10_000]) rows.push(await row(bench, { messages, tradesEach: 5, symbols }));
    return rows;
  },
};

async function row(bench: Bench, backlog: Backlog): Promise<Row> {
  const one = { ...backlog, messages: 1 };
  const logs = { all: await filledLog(bench.folder, backlog), one: await filledLog(bench.folder, one) };
  const side = (topology: string, done: (folder: RunFolder, total: number) => number) => async () => {
    using place = new RunFolder(bench.folder, logs.all);
    using other = new RunFolder(bench.folder, logs.one);
    const profile = bench.profile(`candles/${topology}`);
    const runOf = ({ messages, tradesEach }: Backlog, folder: RunFolder, profiled?: string): BacklogRun => {
      const total = messages * tradesEach;
      const start = async () => [fdpRun(['--topology', topology], { FDP_DATA: folder.path }, profiled)];
      return { start, total, servers: [], done: async () => done(folder, total) };
    };
    return await workOff(runOf(backlog, place, profile), runOf(one, other));
  };
  const sides = await inTurns(
    { run: side('candles', (folder) => folder.inBars()) },
    { run: side('processor', (folder, total) => folder.stored(total)) },
    bench.rounds,
  );
  return { path: 'candles', work: backlogLabel(backlog), unit: 'trades/s', beside: 'the processor', ...sides };
}
