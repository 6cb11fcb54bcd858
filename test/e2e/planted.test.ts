import { describe, expect, it } from 'vitest';
import { mutated, testNames } from '../support/cli/mutants.ts';
import { mutants } from '../support/cli/planted.ts';
import { temporaryFolder } from '../support/cli/platform.ts';

// The mistakes are made by night (test/nightly); that their list follows the code is seen by day.
describe('each planted mistake', () => {
  it('has one place in the code', () => {
    for (const mutant of mutants) mutated(mutant);
  });

  it('has the test that must notice it', async () => {
    using folder = temporaryFolder();
    const caughtBy = mutants.map((mutant) => mutant.caughtBy);
    const names = await testNames(new Set(caughtBy.map(({ file }) => file)), folder.path);
    expect(caughtBy.filter(({ file, name }) => !names.get(file)?.has(name))).toEqual([]);
  });
});
