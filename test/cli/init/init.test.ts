import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { init, templateNames } from '../../../src/cli/init/init.ts';
import { testPipeline } from '../../../src/cli/test/test.ts';
import { validate } from '../../../src/cli/validate.ts';
import { folderWith, shippedComponents } from '../../support/pipeline/spec.ts';

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(folder.length + 1))
    .sort();
}

describe.each(templateNames)('fdp init --template %s', (template) => {
  it('writes a pipeline that is valid without a warning, and tests that pass', async () => {
    const folder = folderWith({});
    const { text, exitCode } = init(folder, { template });
    expect([exitCode, text]).toEqual([0, expect.stringMatching(/^wrote pipeline\.yml, .*\n(npx )?fdp validate /)]);
    const pipelinePath = join(folder, 'pipeline.yml');
    const request = { pipelinePath, env: {}, profile: undefined, components: shippedComponents, folder };
    const checked = validate(request);
    expect([checked.exitCode, checked.text]).toEqual([0, expect.stringMatching(/^pipeline\.yml is valid: .*\n$/)]);
    const tested = await testPipeline(request, []);
    expect([tested.exitCode, tested.text]).toEqual([0, expect.not.stringContaining('FAIL')]);
    const names = tested.text.match(/^ok {4}/gm) ?? [];
    expect(names.length).toBeGreaterThanOrEqual(3);
  });

  it('makes the folder that it is given, and says how to get there', () => {
    const folder = folderWith({});
    const { text } = init(folder, { template, dir: 'new/one' });
    expect(text).toMatch(/ to new\/one\ncd new\/one\n(npx )?fdp validate /);
    expect(filesIn(folder).every((name) => name.startsWith('new/one/'))).toBe(true);
  });

  it.each<[string, (folder: string) => void, string]>([
    ['a file', (folder) => writeFileSync(join(folder, 'pipeline.yml'), 'mine'), 'pipeline.yml exists already'],
    ['a link to nothing', (folder) => symlinkSync('nowhere', join(folder, 'pipeline.yml')), 'pipeline.yml exists'],
  ])('overwrites nothing: %s', (_what, prepare, problem) => {
    const folder = folderWith({});
    prepare(folder);
    expect(() => init(folder, { template })).toThrow(`init: ${problem}`);
    expect(() => init(folder, { template })).toThrow('in this folder; nothing was written');
    expect(filesIn(folder)).toEqual(['pipeline.yml']);
  });

  it('refuses a folder that is a file', () => {
    const folder = folderWith({ taken: 'mine' });
    expect(() => init(folder, { template, dir: 'taken' })).toThrow('init: taken is no folder');
    expect(readFileSync(join(folder, 'taken'), 'utf8')).toBe('mine');
  });
});

describe('fdp init', () => {
  it('leaves other files alone: of a folder of its pipeline, and beside it', () => {
    const folder = folderWith({ 'tests/mine.ts': 'mine', 'README.md': 'mine' });
    init(folder, { template: 'platform' });
    expect(readFileSync(join(folder, 'tests', 'mine.ts'), 'utf8')).toBe('mine');
    expect(filesIn(folder)).toEqual(expect.arrayContaining(['README.md', 'tests/api.test.yml', 'tests/mine.ts']));
  });

  it('writes nothing when a folder that it needs is a file, or one file of many is there', () => {
    const taken = folderWith({ config: 'mine' });
    expect(() => init(taken, { template: 'platform' })).toThrow(
      'init: config/cluster.yml, config/embedded.yml exist already in this folder; nothing was written',
    );
    expect(filesIn(taken)).toEqual(['config']);
    const folder = folderWith({ 'topologies/live.yml': 'mine' });
    expect(() => init(folder, { template: 'platform', dir: '.' })).toThrow('init: topologies/live.yml exists already');
    expect(filesIn(folder)).toEqual(['topologies/live.yml']);
  });

  it('counts what is there instead of naming all of it', () => {
    const folder = folderWith({});
    init(folder, { template: 'platform' });
    const files = filesIn(folder);
    mkdirSync(join(folder, 'data'));
    expect(() => init(folder, { template: 'platform' })).toThrow(
      new RegExp(
        `^init: pipeline\\.yml, config/cluster\\.yml, config/embedded\\.yml and ${files.length - 3} more exist`,
      ),
    );
    expect(filesIn(folder)).toEqual(files);
  });

  it('has a smallest pipeline of 20 to 30 lines, and comments on most of them', () => {
    const folder = folderWith({});
    init(folder, { template: 'minimal' });
    expect(filesIn(folder)).toEqual(['pipeline.test.yml', 'pipeline.yml']);
    const lines = readFileSync(join(folder, 'pipeline.yml'), 'utf8').trimEnd().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(20);
    expect(lines.length).toBeLessThanOrEqual(30);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(lines.filter((line) => line.includes('#')).length).toBeGreaterThanOrEqual(9);
  });
});
