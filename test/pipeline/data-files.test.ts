import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { operators } from '../../operators/index.ts';
import { readSpec } from '../../src/pipeline/read.ts';
import { folderWith } from '../support/pipeline/spec.ts';

const pipeline = `name: data
connectors:
  mock: { type: mock, symbols: [A] }
  out: { type: stdout }
topologies:
  one:
    source: mock
    operators:
      - explode: { field: data, as: { symbol: s, conditions: c } }
      - eligibility: { rules: RULES }
    sink: out
`;

/** The problems of the pipeline with these rules, as `line:column message`; its folder is written `...`. */
function problemsWith(rules: string, files: Readonly<Record<string, string>>): readonly string[] {
  const folder = folderWith({ 'pipeline.yml': pipeline.replace('RULES', rules), ...files });
  const components = { connectors, operators };
  const { problems } = readSpec({ pipelinePath: `${folder}/pipeline.yml`, env: {}, profile: undefined, components });
  return problems.list.map(({ at, message }) => `${at?.line}:${at?.column} ${message.replaceAll(folder, '...')}`);
}

describe('a data file that an operator names', () => {
  const good = 'name: Mine\nsource: invented\ncodes:\n  X: { name: Cross, counts: [volume] }\n';

  it('is shipped and found by its name, or lies beside the pipeline', () => {
    expect(problemsWith('us-equities', {})).toEqual([]);
    expect(problemsWith('./my.yml', { 'my.yml': good })).toEqual([]);
    expect(problemsWith('rules/my.yml', { 'rules/my.yml': good })).toEqual([]);
  });

  it('is checked with the pipeline: at the option, with the file and the line of each mistake', () => {
    const bad = `${good}  Y: { name: Y, counts: [volumes] }\n  Z: { name: Z }\n`;
    expect(problemsWith('./my.yml', { 'my.yml': bad })).toEqual([
      '10:31 eligibility: .../my.yml:5: codes.Y.counts.0: expected price or range or volume, got "volumes"; ' +
        '.../my.yml:6: codes.Z: lacks "counts": What a trade of this condition counts for: the last price (price), ' +
        'the highest and lowest price (range), the volume. Empty: nothing.',
    ]);
  });

  it('is a mistake where it is missing, or no name that is shipped', () => {
    expect(problemsWith('./my.yml', {})).toEqual([
      "10:31 eligibility: the set of conditions can't be read: ENOENT: no such file or directory, open '.../my.yml'",
    ]);
    expect(problemsWith('us_equities', {})).toEqual([
      '10:31 eligibility: there is no set of conditions us_equities (did you mean us-equities?; ' +
        'one of your own is named by its path: ./us_equities.yml)',
    ]);
  });
});
