import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLogFile } from '../../../src/cli/run/log-file.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';

const error = (msg: string) => `${JSON.stringify({ level: 'error', msg })}\n`;

describe('the log file of a screen', () => {
  it('is added to, made with its folder, and begun again once it is large', () => {
    using folder = temporaryFolder();
    const path = join(folder.path, 'data', 'dashboard.log');
    openLogFile(path).write('before\n');
    const log = openLogFile(path, { mostBytes: 1000 });
    expect([log.path, log.notice]).toEqual([path, `the log goes to ${path}`]);
    for (let line = 0; line < 500; line++) log.write(`line ${String(line).padStart(4, '0')}\n`);
    expect(statSync(path).size).toBeLessThanOrEqual(1000);
    expect(statSync(`${path}.1`).size).toBeLessThanOrEqual(1000);
    expect(existsSync(`${path}.2`)).toBe(false);
    const lines = (readFileSync(`${path}.1`, 'utf8') + readFileSync(path, 'utf8')).trim().split('\n');
    expect(lines.at(-1)).toBe('line 0499');
    expect(lines).toEqual(lines.toSorted());
  });

  it('is in the temp folder if it cannot be written elsewhere, with one line that reports it', () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, 'file'), '');
    const wanted = join(folder.path, 'file', 'dashboard.log');
    const log = openLogFile(wanted, { temp: folder.path });
    log.write('a line\n');
    expect(log.path).toBe(join(folder.path, 'dashboard.log'));
    expect(log.notice).toMatch(/^the log cannot be written to .*: it goes to .*dashboard\.log$/);
    expect(readFileSync(join(folder.path, 'dashboard.log'), 'utf8')).toBe('a line\n');
  });

  it('is none where nothing can be written; the last errors are kept', () => {
    using folder = temporaryFolder();
    writeFileSync(join(folder.path, 'file'), '');
    const nowhere = join(folder.path, 'file');
    const log = openLogFile(join(nowhere, 'dashboard.log'), { temp: nowhere });
    for (let count = 0; count < 30; count++) log.write(error(`error ${count}`));
    expect(log.path).toBeUndefined();
    expect(log.notice).toContain('only its last errors are kept');
    expect(log.errors).toEqual(Array.from({ length: 20 }, (_, index) => `error ${index + 10}`));
  });

  it('is not led elsewhere by a link', () => {
    using folder = temporaryFolder();
    const [target, temp] = [join(folder.path, 'target'), join(folder.path, 'temp')];
    mkdirSync(temp);
    writeFileSync(join(folder.path, 'file'), '');
    symlinkSync(target, join(temp, 'dashboard.log'));
    const log = openLogFile(join(folder.path, 'file', 'dashboard.log'), { temp });
    log.write('a line\n');
    expect([log.path, existsSync(target)]).toEqual([undefined, false]);
  });
});
