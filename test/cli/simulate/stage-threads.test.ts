import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { StageThread } from '../../../src/cli/simulate/stage-threads.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'fdp-thread-'));
  file = join(folder, 'worker.mjs');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const parts = {
  ...{ pipelinePath: 'pipeline.yml', profile: undefined, env: {}, folder: '.', topologies: undefined },
  ...{ flags: {}, seed: 1 },
};
const ended = { code: 'FDP_INTERNAL', message: 'a topology could not be simulated: no memory' };

it('a thread that ends refuses what it was asked, and what it is asked later', async () => {
  writeFileSync(
    file,
    "import { parentPort } from 'node:worker_threads'; parentPort.on('message', () => { throw new Error('no memory'); });",
  );
  const thread = new StageThread(file, parts);
  await expect(thread.run({ topology: 'processor' }, () => {})).rejects.toMatchObject(ended);
  await expect(thread.run({ topology: 'candles' }, () => {})).rejects.toMatchObject(ended);
  await expect(thread.failureTest('processor')).rejects.toMatchObject(ended);
  await thread.close();
});
