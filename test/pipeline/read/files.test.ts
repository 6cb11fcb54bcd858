import { describe, expect, it } from 'vitest';
import { brief, readText } from '../../support/pipeline/spec.ts';

const connectors =
  'connectors: { mock: { type: mock, symbols: [A] }, log: { type: kafka, brokers: "b:1", topic: t } }\n';
const topology = (name: string) => `topologies: { ${name}: { source: mock, sink: log } }\n`;

describe('include', () => {
  it('joins the files that match, by name, relative to the including file', () => {
    const { spec, problems } = readText({
      'pipeline.yml': `include: [flows/*.yml, flows/deep/one.yml]\n${connectors}`,
      'flows/b.yml': topology('b'),
      'flows/a.yml': `include: [deep/*-two.yml]\n${topology('a')}`,
      'flows/.hidden.yml': topology('hidden'),
      'flows/notes.txt': 'not YAML: [',
      'flows/deep/one.yml': topology('one'),
      'flows/deep/x-two.yml': topology('two'),
    });

    expect(brief(problems)).toEqual([]);
    expect([...spec.topologies.keys()]).toEqual(['a', 'two', 'b', 'one']);
  });

  it('reads a file once, whatever names it', () => {
    const files = {
      'pipeline.yml': `include: [a.yml, "*.yml"]\n${connectors}`,
      'a.yml': topology('a'),
    };

    expect(brief(readText(files).problems)).toEqual([]);
  });

  it('of files in a circle is a mistake', () => {
    const { problems } = readText({
      'pipeline.yml': `include: [a.yml]\n${connectors}`,
      'a.yml': `include: [b.yml]\n${topology('a')}`,
      'b.yml': 'include:\n  - a.yml\n',
    });

    expect(brief(problems)).toEqual([expect.stringMatching(/\/b\.yml:2:5 include: the file includes itself$/)]);
  });

  it('that defines a name again is a mistake that names both places', () => {
    const { problems } = readText({
      'pipeline.yml': `include: [a.yml]\n${connectors}${topology('t')}`,
      'a.yml': `${topology('t')}connectors:\n  mock: { type: mock, symbols: [B] }\n`,
    });

    expect(problems.map(({ message, hint }) => `${message} | ${hint}`)).toEqual([
      expect.stringMatching(/^topologies: "t" is defined twice \| the first is in .*pipeline\.yml:3$/),
      expect.stringMatching(/^connectors: "mock" is defined twice \| the first is in .*pipeline\.yml:2$/),
    ]);
  });

  it('holds connectors and topologies only', () => {
    const { problems } = readText({
      'pipeline.yml': `include: [a.yml]\n${connectors}${topology('t')}`,
      'a.yml': 'settings: { shutdown: 1s }\nname: x\n',
    });

    expect(brief(problems)).toEqual([
      expect.stringContaining(`a.yml:1:1 "settings" can't stand in this file`),
      expect.stringContaining(`a.yml:2:1 "name" can't stand in this file`),
    ]);
  });

  it('that can not be read hides no other mistake, and makes no name unknown', () => {
    const { problems } = readText({
      'pipeline.yml': `include: [a.yml]\n${connectors}topologies: { t: { source: elsewhere, snik: log } }\n`,
      'a.yml': 'connectors: [\n',
    });

    expect(brief(problems)).toEqual([
      expect.stringMatching(/^2:\d+|3:\d+ t: unknown option "snik"$/),
      expect.stringContaining('a.yml:'),
    ]);
  });

  it('keeps anchors within their file', () => {
    const { problems } = readText({
      'pipeline.yml': `include: [a.yml]\nname: &n x\n${connectors}`,
      'a.yml': 'topologies: { t: { source: mock, sink: log, description: *n } }\n',
    });

    expect(brief(problems)).toEqual([expect.stringContaining('a.yml:1:58 there is no anchor &n above')]);
  });
});
