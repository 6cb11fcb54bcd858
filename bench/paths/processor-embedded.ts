import { type BacklogRun, workOff } from '../backlog.ts';
import { type Child, fdpRun, handLoop } from '../child.ts';
import { filledLog, RunFolder } from '../embedded.ts';
import { type Backlog, backlogLabel } from '../market.ts';
import type { Bench, Path } from '../path.ts';
import { inTurns, type Row } from '../turns.ts';
import { backlogs } from './processor-cluster.ts';

/** The processor on files: a backlog in the SQLite log, with its metadata, into the SQLite tables. */
export const processorEmbedded: Path = {
  name: 'processor-embedded',
  async measure(bench) {
    const rows: Row[] = [];
    for (const backlog of backlogs(bench)) rows.push(await row(bench, backlog));
    return rows;
  },
};

async function row(bench: Bench, backlog: Backlog): Promise<Row> {
  const one = { ...backlog, messages: 1 };
  const logs = { all: await filledLog(bench.folder, backlog), one: await filledLog(bench.folder, one) };
  const side = (start: Start, name: string) => async () => {
    using folder = new RunFolder(bench.folder, logs.all);
    using other = new RunFolder(bench.folder, logs.one);
    const profile = bench.profile(`${processorEmbedded.name}/${name}`);
    return await workOff(
      runOf(backlog, folder, () => start(folder.path, profile)),
      runOf(one, other, () => start(other.path, undefined)),
    );
  };
  const sides = await inTurns({ run: side(platform, 'fdp') }, { run: side(loop, 'loop') }, bench.rounds);
  const work = backlogLabel(backlog);
  return { path: processorEmbedded.name, work, unit: 'trades/s', beside: 'same binding and tables', ...sides };
}

type Start = (folder: string, profile: string | undefined) => Child;

const platform: Start = (folder, profile) => fdpRun(['--topology', 'processor'], { FDP_DATA: folder }, profile);
const loop: Start = (folder, profile) => handLoop('sqlite-to-sqlite', { FOLDER: folder }, profile);

function runOf({ messages, tradesEach }: Backlog, folder: RunFolder, start: () => Child): BacklogRun {
  const total = messages * tradesEach;
  return { start: async () => [start()], total, servers: [], done: async () => folder.stored(total) };
}
