import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { apply, copySources } from '../../support/cli/mutants.ts';
import { mutants, type PlantedMutant } from '../../support/cli/planted.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';

/** What `fdp` of a copy of the sources prints. */
async function fdpRun(copy: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    cwd: copy,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (part) => {
      output += part;
    });
  const [code] = await once(child, 'close');
  return { code, output };
}

function copyWith(mutant: PlantedMutant, folder: string): string {
  const copy = join(folder, 'copy');
  copySources(copy);
  apply(mutant, copy);
  const { edits = [], files = {} } = typeof mutant.simulated === 'string' ? {} : mutant.simulated;
  for (const [name, text] of Object.entries(files)) writeFileSync(join(copy, name), text);
  for (const [text, instead] of edits) {
    const path = join(copy, 'pipeline.yml');
    const before = readFileSync(path, 'utf8');
    expect(before).toContain(text);
    writeFileSync(
      path,
      before.replace(text, () => instead),
    );
  }
  return copy;
}

describe('a simulation', () => {
  const found = mutants.filter(({ simulated }) => typeof simulated !== 'string');

  it.each(found.map((mutant) => [mutant.mistake, mutant] as const))(
    'finds a program that %s, and shows it by a test of 20 events at most',
    { timeout: 300_000 }, // one takes 90 s of a quiet machine to find and to shrink
    async (_mistake, mutant) => {
      using folder = temporaryFolder();
      const copy = copyWith(mutant, folder.path);
      const flags = ['--seeds', '1..200', '--until-failure', '--hours', '0.02', '--rate', '20/s', '--json'];
      const { code, output } = await fdpRun(copy, 'simulate', ...flags);
      expect({ code, output }).toMatchObject({ code: 1 });
      const [failure] = JSON.parse(output).failed;
      const { name, input, faults = [] } = parse(readFileSync(join(copy, failure.test_file), 'utf8'));
      expect(name).toMatch(typeof mutant.simulated === 'string' ? '' : mutant.simulated.finds);
      expect(input.length + faults.length).toBeLessThanOrEqual(20);
      const seed = /--seed (\d+)/.exec(readFileSync(join(copy, failure.test_file), 'utf8'))?.[1] ?? '1';
      expect(await fdpRun(copy, 'test', failure.test_file, '--seed', seed)).toMatchObject({ code: 1 });
      // The same test passes with the program as it should be.
      writeFileSync(join(copy, mutant.file), readFileSync(mutant.file));
      const fixed = await fdpRun(copy, 'test', failure.test_file, '--seed', seed);
      expect(fixed.output).toContain('1 passed');
    },
  );
});
