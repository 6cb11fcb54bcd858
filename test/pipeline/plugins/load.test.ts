import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { takenFunctions } from '../../../operators/support/expression-language.ts';
import { config } from '../../../src/cli/config.ts';
import { listJson } from '../../../src/cli/list/json.ts';
import { list } from '../../../src/cli/list/list.ts';
import { schema } from '../../../src/cli/schema.ts';
import { systemClock } from '../../../src/kit/clock.ts';
import { withPlugins } from '../../../src/pipeline/plugins/load.ts';
import { readPipelineFile } from '../../../src/pipeline/read/files.ts';
import { optionsOf } from '../../../src/testing/index.ts';
import { runOperators } from '../../support/engine/operators.ts';
import { brief, folderWith, readFolder, shippedComponents } from '../../support/pipeline/spec.ts';

const kit = pathToFileURL(join(process.cwd(), 'src/kit/index.ts')).href;
const half = `import { defineFunction } from '${kit}';
export const half = defineFunction({
  name: 'half', summary: 'A half.', parameters: { x: 'number' }, result: 'number',
  examples: [{ of: { x: 2 }, gives: 1 }], call: ({ x }) => x / 2,
});`;
const mine = `import { defineOperator } from '${kit}';
export const mine = defineOperator({
  type: 'mine', summary: 'Mine.', example: 'mine: {}',
  options: { type: 'object', additionalProperties: false, properties: { by: { type: 'string', description: 'It.' } } },
  create: () => (batches) => batches,
});`;

const pipeline = (plugins: string, operators: string) => `plugins: ${plugins}
connectors: { market: { type: mock, symbols: [AAPL] }, out: { type: stdout } }
topologies:
  show:
    source: market
    operators:
      - explode: { field: data, as: { symbol: s, price: p } }
      - map: { symbol: 'string(symbol)', price: 'double(price)' }
${operators}
    sink: out
`;

async function load(files: Readonly<Record<string, string>>, env = {}) {
  const folder = folderWith(files);
  const pipelinePath = join(folder, 'pipeline.yml');
  const file = readPipelineFile(pipelinePath);
  const components = await withPlugins({
    ...{ file, env, components: shippedComponents, takenFunctions: takenFunctions(), clock: systemClock },
  });
  const { problems } = readFolder(folder, { components, env });
  return { folder, components, problems, request: { pipelinePath, env, components, folder, profile: undefined } };
}

describe('the plugins of a pipeline', () => {
  it('leave the components as they are where there are none', async () => {
    const { components, problems } = await load({ 'pipeline.yml': pipeline('[]', '') });
    expect([components, problems]).toEqual([shippedComponents, []]);
    expect((await load({ 'pipeline.yml': '] no YAML' })).components).toBe(shippedComponents);
    expect((await load({})).components).toBe(shippedComponents);
  });

  it('are checked with their options, and known to list, config and schema', async () => {
    const text = pipeline('[./mine.js, ./half.js]', "      - mine: { by: symbol }\n      - map: { h: 'half(price)' }");
    const { components, problems, request } = await load({ 'pipeline.yml': text, 'mine.js': mine, 'half.js': half });
    expect(problems).toEqual([]);
    const listed = { ...components, topologies: [] };
    expect(list(listed, ['mine'])).toMatch(/^mine \(operator\)\nof the plugin \.\/mine\.js\nMine\.\n/);
    expect(list(listed, ['functions'])).toBe('half(x)  A half.');
    expect(list(listed, ['half'])).toContain('half(2) is 1');
    expect(listJson(listed, ['half'])).toMatchObject({
      functions: [{ name: 'half', plugin: './half.js', result: 'number' }],
    });
    expect(config(request).text).toContain(
      'plugins:\n  - ./mine.js # pipeline.yml:1:11\n  - ./half.js # pipeline.yml:1:22\n',
    );
    expect(JSON.parse(schema(request).text).definitions.operator_mine.properties).toEqual({
      by: { type: 'string', description: 'It.' },
    });
  });

  it.each([
    ['- mine: { buy: symbol }', '9:17 mine: unknown option "buy"'],
    ["- map: { h: 'half(symbol)' }", '9:19 map: there is no half(...) that takes text'],
    ["- map: { h: 'half(price, price)' }", '9:19 map: there is no half(...) that takes a number, a number'],
    ["- map: { h: 'halve(price)' }", '9:19 map: there is no function halve'],
    ["- filter: 'half(price)'", '9:17 filter: is a number, expected true or false'],
    ["- filter: 'half(1) > 0.0 && half(price) > 0.0'", undefined],
    [
      "- rolling: { anchor: 'half(price) > 1.0', by: symbol, value: price, time: price, fields: { low: min } }",
      undefined,
    ],
  ])('%s: %s', async (operator, problem) => {
    const text = pipeline('[./mine.js, ./half.js]', `      ${operator}`);
    const { problems } = await load({ 'pipeline.yml': text, 'mine.js': mine, 'half.js': half });
    expect(brief(problems)).toEqual(problem === undefined ? [] : [expect.stringContaining(problem)]);
  });

  it.each([
    ['filter', 'half(price) > 2.0', [{ price: 6 }]],
    ['require', 'half(price) > 2.0', [{ price: 6 }]],
    ['map', { h: 'half(price)' }, [{ h: 1 }, { h: 3 }]],
    ['vwap', { anchor: 'half(price) > 2.0', by: 'symbol' }, [null, 6]],
    ['rolling', { anchor: 'half(price) > 2.0', by: 'symbol', value: 'price', fields: { low: 'min' } }, [null, 6]],
  ])('%s calls their functions', async (type, given, expected) => {
    const { components } = await load({ 'pipeline.yml': pipeline('[./half.js]', ''), 'half.js': half });
    const declaration = components.operators.find((each) => each.type === type);
    if (!declaration) throw new Error(`there is no ${type}`);
    const options = typeof given === 'string' ? given : optionsOf(declaration, given);
    const trades = [2, 6].map((price) => ({ symbol: 'A', price, volume: 1, time: price }));
    const { out } = await runOperators([[declaration, options]], trades);
    const figure = { vwap: 'vwap', rolling: 'low' }[type];
    const values = out.map(({ value }) => (figure === undefined ? value : (value as Record<string, unknown>)[figure]));
    expect(values).toMatchObject(expected);
    expect(values.length).toBe(expected.length);
  });

  it.each([
    ['./mine.js', '1:10 plugins: expected a list of files and packages'],
    ['[./mine.js, 1]', '1:22 plugins: expected the path of a file, or the name of a package'],
    ['[./mine.js, ./mine.js]', '1:22 plugins: "./mine.js" is listed twice'],
    [`["\${MINE}"]`, '1:11 plugins: MINE is not set'],
  ])('%s: %s', async (plugins, problem) => {
    const { problems } = await load({ 'pipeline.yml': pipeline(plugins, ''), 'mine.js': mine });
    expect(brief(problems)).toEqual([problem]);
  });

  it('can be named by a variable', async () => {
    const text = pipeline(`["\${MINE}"]`, '      - mine');
    const { problems } = await load({ 'pipeline.yml': text, 'mine.js': mine }, { MINE: './mine.js' });
    expect(problems).toEqual([]);
  });

  it('are no part of included files', async () => {
    const text = `include: [more.yml]\n${pipeline('[]', '')}`;
    const { problems } = await load({ 'pipeline.yml': text, 'more.yml': 'plugins: [./mine.js]\n' });
    expect(brief(problems).join()).toContain(`more.yml:1:1 "plugins" can't stand in this file`);
  });

  it('that can not be loaded are one problem each: what they would declare is not reported as unknown', async () => {
    const text = pipeline('[./none.js, ./half.js]', '      - mine');
    const { problems, request } = await load({ 'pipeline.yml': text, 'half.js': half });
    expect(brief(problems)).toEqual(['1:11 plugin ./none.js: there is no such file']);
    expect(schema(request)).toMatchObject({ exitCode: 2, text: expect.stringContaining('there is no such file') });
  });
});
