import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { locate } from '../../../src/pipeline/plugins/locate.ts';
import { folderWith } from '../../support/pipeline/spec.ts';

const manifest = (content: object) => JSON.stringify(content);

describe('where a plugin is', () => {
  const files = {
    'own/a.js': '',
    'project/b.js': '',
    'node_modules/above/package.json': manifest({ exports: './a.js' }),
    'node_modules/above/a.js': '',
    'project/node_modules/plain/package.json': manifest({}),
    'project/node_modules/plain/index.js': '',
    'project/node_modules/main/package.json': manifest({ main: 'lib' }),
    'project/node_modules/main/lib/index.js': '',
    'project/node_modules/@team/both/package.json': manifest({
      exports: { '.': { require: './c.cjs', import: { default: './c.js' } }, './sinks': './sinks.js' },
    }),
    'project/node_modules/@team/both/c.js': '',
    'project/node_modules/@team/both/sinks.js': '',
    'project/node_modules/broken/package.json': '{',
    'project/node_modules/gone/package.json': manifest({ exports: './gone.js' }),
  };
  it.each([
    ['./b.js', 'project/b.js'],
    ['../own/a.js', 'own/a.js'],
    ['above', 'node_modules/above/a.js'],
    ['plain', 'project/node_modules/plain/index.js'],
    ['main', 'project/node_modules/main/lib/index.js'],
    ['@team/both', 'project/node_modules/@team/both/c.js'],
    ['@team/both/sinks', 'project/node_modules/@team/both/sinks.js'],
    ['plain/index.js', 'project/node_modules/plain/index.js'],
  ])('%s is %s', (name, path) => {
    const folder = folderWith(files);
    expect(locate(name, join(folder, 'project'))).toBe(join(folder, path));
  });

  it.each([
    ['./none.js', 'there is no such file'],
    ['./node_modules', 'this is not a file'],
    ['none', 'there is no package "none"'],
    ['@team/both/none', 'the package exports nothing as "./none"'],
    ['broken', "package.json can't be read"],
    ['gone', 'the package has no file for "gone"'],
    ['a b', 'expected the path of a file, or the name of a package'],
  ])('%s: %s', (name, text) => {
    const folder = folderWith(files);
    expect(() => locate(name, join(folder, 'project'))).toThrow(text);
  });
});
