import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAdvice } from '../../src/kit/rights.ts';
import { temporaryFolder } from '../support/cli/platform.ts';

// What another user's files and a read-only file system give is seen in containers: `.ci/compose`.
describe('advice on rights', () => {
  it('is not given on a file that can be read, nor on one that is not there', () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, 'file'), '');
    expect(readAdvice(join(folder.path, 'file'))).toBeUndefined();
    expect(readAdvice(join(folder.path, 'none', 'file'))).toBeUndefined();
  });
});
