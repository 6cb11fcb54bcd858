import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { lacking, withPackages } from '../../src/kit/optional-packages.ts';
import { folderWith } from '../support/pipeline/spec.ts';

/** The error of Node.js for a module that is not there. */
function missing(name: string): unknown {
  try {
    return createRequire(join(folderWith({}), 'index.js'))(name);
  } catch (error) {
    return error;
  }
}

describe('packages that an installation may leave out', () => {
  it('are named with the command that installs the version fdp is tested with', async () => {
    await expect(withPackages(['mongodb'], 'trades', Promise.reject(missing('mongodb')))).rejects.toMatchObject({
      code: 'FDP_NOT_SUPPORTED',
      message: expect.stringMatching(
        /^trades: the package mongodb is not installed: npm install mongodb@\d+\.\d+\.\d+$/,
      ),
    });
    const error = lacking(['blessed', 'blessed-contrib'], 'screen', missing('blessed-contrib/lib/widget/canvas.js'));
    expect(String(error)).toMatch(/: npm install blessed@[\d.]+ blessed-contrib@[\d.]+$/);
  });

  it('are told from any other error, which stays as it is', async () => {
    const other = new Error("Cannot find package 'mongodb-of-others' imported from somewhere");
    for (const error of [other, missing('./mongodb'), 'text', undefined])
      expect(lacking(['mongodb'], 'trades', error)).toBe(error);
    expect(await withPackages(['mongodb'], 'trades', Promise.resolve(1))).toBe(1);
  });
});
