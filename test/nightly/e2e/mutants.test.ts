import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { apply, copySources, verdict } from '../../support/cli/mutants.ts';
import { mutants } from '../../support/cli/planted.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';

describe('a test that can fail', () => {
  it.each(mutants.map((mutant) => [mutant.mistake, mutant] as const))(
    'notices a program that %s',
    async (_, mutant) => {
      using folder = temporaryFolder();
      const copy = join(folder.path, 'copy');
      copySources(copy);
      apply(mutant, copy);
      const { status, failures } = await verdict(mutant.caughtBy, copy);
      expect(status).toBe('failed');
      expect(failures).not.toMatch(/timed out|SyntaxError|ReferenceError/i);
    },
  );
});
