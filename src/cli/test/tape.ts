import { resolve } from 'node:path';
import { errorText } from '../../errors.ts';
import type { Problems } from '../../pipeline/problem.ts';
import type { PipelineTest } from '../../pipeline/tests/model.ts';
import { readManifest } from '../../simulate/recording/manifest.ts';
import { checkTape } from '../../simulate/recording/read.ts';

/** Reports the tapes of tests that are not there, or were changed, at their lines. `folder`: where the tests are. */
export async function checkTapes(tests: readonly PipelineTest[], folder: string, problems: Problems): Promise<void> {
  for (const { input } of tests) {
    if (input.kind !== 'tape') continue;
    const path = resolve(folder, input.folder);
    try {
      await checkTape(path, readManifest(path));
    } catch (error) {
      problems.add(input.range, errorText(error), {
        subject: 'input.tape',
        hint: 'a tape is a folder that `fdp record` made, relative to the file of the test',
      });
    }
  }
}
