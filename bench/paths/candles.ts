import { type BacklogRun, workOff } from '../backlog.ts';
import { fdpRun } from '../child.ts';
import { filledLog, RunFolder } from '../embedded.ts';
import { type Backlog, backlogLabel } from '../market.ts';
import type { Bench, Path } from '../path.ts';
import { inTurns, type Side } from '../turns.ts';

/** Bars of four lengths, one of them stored, on files: beside the processor on the same backlog, and of many symbols beside six. */
export const candles: Path = {
  name: 'candles',
  async measure(bench) {
    const messages = bench.sized({ quick: 20_000, normal: 80_000, full: 400_000 });
    const few = { messages, tradesEach: 5, symbols: 6 };
    const many = { ...few, symbols: 10_000 };
    const [six, all] = [await sidesOf(bench, few), await sidesOf(bench, many)];
    const row = { path: 'candles', unit: 'trades/s' };
    const [work, beside] = [backlogLabel(few), backlogLabel(many)];
    return [
      { ...row, work, beside: 'the processor', ...(await inTurns(six.candles, six.processor, bench.rounds)) },
      { ...row, work: beside, beside: '6 symbols', ...(await inTurns(all.candles, six.candles, bench.rounds)) },
    ];
  },
};

/** Fills a log; returns the two topologies that work it off, each in a process and folder of its own. */
async function sidesOf(bench: Bench, backlog: Backlog): Promise<{ readonly candles: Side; readonly processor: Side }> {
  const one = { ...backlog, messages: 1 };
  const logs = { all: await filledLog(bench.folder, backlog), one: await filledLog(bench.folder, one) };
  const side = (topology: string, done: (folder: RunFolder, total: number) => number): Side => ({
    run: async () => {
      using place = new RunFolder(bench.folder, logs.all);
      using other = new RunFolder(bench.folder, logs.one);
      const profile = bench.profile(`candles/${topology}`);
      const runOf = ({ messages, tradesEach }: Backlog, folder: RunFolder, profiled?: string): BacklogRun => {
        const total = messages * tradesEach;
        const start = async () => [fdpRun(['--topology', topology], { FDP_DATA: folder.path }, profiled)];
        return { start, total, servers: [], done: async () => done(folder, total) };
      };
      return await workOff(runOf(backlog, place, profile), runOf(one, other));
    },
  });
  return {
    candles: side('candles', (folder) => folder.inBars()),
    processor: side('processor', (folder, total) => folder.stored(total)),
  };
}
