import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { testPipeline } from '../../../src/cli/test/test.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { withoutGuarantees } from '../../support/cli/pipeline-copy.ts';
import { testedFiles } from '../../support/cli/pipeline-tests.ts';

const files = readdirSync('tests').map((name) => join('tests', name));

interface Listed {
  readonly tests: readonly { readonly file: string; readonly name: string; readonly passed: boolean }[];
}

/** Lets a sink of a topology have less than all. */
function filteredOut(sink: string, kept = 'price > 500.0'): readonly [text: string, instead: string] {
  return [`    sink: ${sink}`, `    operators: [{ filter: '${kept}' }]\n    sink: ${sink}`];
}

/** Topologies in a file of their own. */
const inFiles = ['dashboard', 'live', 'reconcile', 'simulation', 'simulator'];

/** A change of the shipped pipeline, or of the file in `topologies/`, that breaks what a test promises. */
const mutants: readonly (readonly [file: string, test: string, text: string, instead: string])[] = [
  ['ingestor', 'a frame becomes', 'split: { field: data, by: s }', 'split: { field: data, by: p }'],
  ['ingestor', 'a log that is slow', 'split: { field: data, by: s }', 'split: { field: data, by: p }'],
  ['ingestor', 'what is no frame', 'dead_letter: rejected,', 'dead_letter: none,'],
  ['processor', 'two trades', '--{symbol}-{time}-{index}"', '--{symbol}-{time}"'],
  ['processor', "what can't be", 'price < 1e15', 'price < 1e16'],
  ['processor', 'whatever fails', '    unique: message_key\n', ''],
  ['candles', 'the trades of a minute', 'volume: v', 'volume: p'],
  ['candles', 'a killed process', 'volume: v', 'volume: p'],
  ['candles', "a trade that can't be", 'filter: *valid                              #', "filter: 'price > 0.0' #"],
  ['analytics', 'each trade is a line', 'vwap: { window: 50', 'vwap: { window: 1'],
  ['analytics', 'after a crash', ', warm_up: 1000', ''],
  ['analytics', "a trade that can't be", 'filter: *valid\n      - vwap', "filter: 'price > 0.0'\n      - vwap"],
  ['api', 'symbols are listed', 'sort: [symbol] }', 'sort: [-symbol] }'],
  ['api', 'trades come newest', 'sort: [-time, -_id]\n            page', 'sort: [time, _id]\n            page'],
  ['api', 'a parameter beyond', 'maximum: 500', 'maximum: 5000'],
  ...['each line', 'what comes while', 'a line that is no JSON'].map(
    (begin) => ['live', begin, ...filteredOut('http')] as const,
  ),
  ...['each line', 'a screen that is slow', 'what comes while'].map(
    (begin) => ['dashboard', begin, ...filteredOut('screen')] as const,
  ),
  ...['each difference', 'a report that is slow', 'after a crash'].map(
    (begin) => ['reconcile', begin, ...filteredOut('report', 'repaired')] as const,
  ),
  ...['each frame', 'frames keep', 'what is no frame'].map(
    (begin) => ['simulator', begin, ...filteredOut('exchange', 'size(data) > 5')] as const,
  ),
  ['simulation', 'each trade of the market', 'vwap: { window: 50', 'vwap: { window: 1'],
  ['simulation', 'what comes while the feed', 'vwap: { window: 50', 'vwap: { window: 1'],
  ['simulation', 'lines of a symbol', 'explode: { field: data', 'explode: { field: other'],
];

describe('the tests of the shipped pipeline', () => {
  it.each(['embedded', 'cluster'])('pass as the profile %s has it, and are found beside it', async (profile) => {
    const components = { connectors, operators };
    const request = { pipelinePath: 'pipeline.yml', profile, env: {}, components, folder: process.cwd() };
    const { text, exitCode } = await testPipeline(request, []);
    for (const file of files) expect(text).toContain(`ok    ${file}: `);
    expect(text).not.toContain('FAIL');
    expect(exitCode).toBe(0);
  });

  it('are three or more for each topology, and each has a mutant that it finds', async () => {
    const { tests } = JSON.parse((await testedFiles(files, { flags: { json: true } })).text) as Listed;
    expect(tests.map(({ file, name }) => `${file} ${name}`)).toEqual(
      tests.map(({ file, name }) =>
        mutants.some(([mutant, begin]) => file === `tests/${mutant}.test.yml` && name.startsWith(begin))
          ? `${file} ${name}`
          : 'a test without a mutant',
      ),
    );
    for (const file of files) expect(tests.filter((test) => test.file === file).length).toBeGreaterThanOrEqual(3);
    const components = { connectors, operators };
    const { topologies } = readSpec({ pipelinePath: 'pipeline.yml', profile: 'embedded', env: {}, components });
    expect(files).toEqual([...topologies.keys()].map((name) => `tests/${name}.test.yml`).sort());
  });

  it.each(mutants)('%s: "%s ..." fails when %j becomes %j', async (file, begin, text, instead) => {
    const path = `tests/${file}.test.yml`;
    const edit = [text, instead] as const;
    const changed = inFiles.includes(file)
      ? { edits: [edit], edited: `topologies/${file}.yml` }
      : { edits: [...withoutGuarantees(), edit] };
    const given = { ...changed, flags: { json: true } };
    const { text: output, exitCode } = await testedFiles([path], given);
    const { tests } = JSON.parse(output) as Listed;
    expect(tests.filter(({ passed }) => !passed).map(({ name }) => name)).toContainEqual(
      expect.stringMatching(new RegExp(`^${begin}`)),
    );
    expect(exitCode).toBe(1);
  });
});
