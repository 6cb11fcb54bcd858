import { once } from 'node:events';
import { type Child, fdpRun } from '../child.ts';
import { RunFolder } from '../embedded.ts';
import type { Path } from '../path.ts';
import { inTurns, type Sample } from '../turns.ts';

/** How long `fdp` takes: to check the pipeline, and, fed by the mock, to the first stored trade. */
export const start: Path = {
  name: 'start',
  async measure(bench) {
    const validate = { run: () => checked(fdpRun(['validate'], {})) };
    const first = {
      run: async () => {
        using folder = new RunFolder(bench.folder);
        return await firstTrade(folder);
      },
    };
    await validate.run();
    const sides = await inTurns(first, validate, bench.rounds + 2);
    return [{ path: 'start', work: 'to the first stored trade', unit: '/s', beside: 'fdp validate', ...sides }];
  },
};

async function checked(child: Child): Promise<Sample> {
  const since = performance.now();
  await once(child.process, 'close');
  return sample(performance.now() - since);
}

async function firstTrade(folder: RunFolder): Promise<Sample> {
  const since = performance.now();
  const child = fdpRun([], { FDP_DATA: folder.path, API_PORT: '0', TCP_PORT: '0' });
  try {
    while (folder.stored(Number.POSITIVE_INFINITY) === 0) {
      child.alive();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return sample(performance.now() - since);
  } finally {
    await child.stop();
  }
}

function sample(ms: number): Sample {
  return { rate: 1000 / ms, times: { ms } };
}
