import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli/platform.ts';
import { simulated } from '../support/cli/simulations.ts';
import { blockNamed } from '../support/docs/blocks.ts';

it('docs/simulate.md: the file of faults is one, and the shipped pipeline stands them', async () => {
  using folder = temporaryFolder();
  const faults = join(folder.path, 'faults.yml');
  writeFileSync(faults, blockNamed('docs/simulate.md', 'faults').text);
  // The market is over soon; the faults still happen, and the processes have to be well after them.
  const { text, exitCode } = await simulated({ hours: '0.005', rate: '10/s', faults });
  expect(text).toContain('nothing was lost, doubled or wrong');
  expect(exitCode).toBe(0);
});
