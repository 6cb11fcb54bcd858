import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Problems } from '../../../src/pipeline/problem.ts';
import { interpolation } from '../../../src/pipeline/read/interpolate.ts';
import { sourceFile } from '../../../src/pipeline/read/source.ts';
import type { ScalarTree } from '../../../src/pipeline/read/tree.ts';
import { readVariables } from '../../../src/pipeline/read/variables.ts';
import { brief, folderWith, readText, type SpecOptions } from '../../support/pipeline/spec.ts';

const name = (text: string) => `$\{${text}}`;

function interpolated(text: string, env: Record<string, string> = {}) {
  const problems = new Problems();
  const at = { file: sourceFile('a.yml', text, 0), start: 0, end: text.length };
  const visit = interpolation(readVariables('/nowhere', env), problems);
  return { tree: visit({ kind: 'scalar', at, value: text }) as ScalarTree, problems: problems.list };
}

describe('interpolation', () => {
  it.each([
    [`a${name('X')}b`, { X: '1' }, 'a1b'],
    [name('X:-d'), {}, 'd'],
    [name('X:-d'), { X: '' }, 'd'],
    [name('X:-d'), { X: '1' }, '1'],
    [name('X:-'), {}, ''],
    [name('X'), { X: '' }, ''],
    [name('X:?say it'), { X: '1' }, '1'],
    [name(`X:-${name('Y:-e')}`), {}, 'e'],
    [name(`X:-${name('Y')}/z`), { Y: 'y' }, 'y/z'],
    [name('X:-{symbol}'), {}, '{symbol}'],
    [name('X'), { X: name('Y') }, name('Y')],
    [`$${name('X')}`, { X: '1' }, name('X')],
    [`${name('X')}$${name('X')}${name('X')}`, { X: '1' }, `1${name('X')}1`],
    ['$X costs $5 {X}', { X: '1' }, '$X costs $5 {X}'],
  ])('makes %s with %j to %s', (text, env, expected) => {
    const { tree, problems } = interpolated(text, env as Record<string, string>);

    expect(tree.value).toBe(expected);
    expect(tree.missing).toBeUndefined();
    expect(problems).toEqual([]);
  });

  it('remembers what is missing, with the message that was asked for', () => {
    expect(interpolated(name('X')).tree.missing?.text).toBe('X is not set');
    expect(interpolated(name('X:?say it')).tree.missing?.text).toBe('X is not set: say it');
    expect(interpolated(name('X:?say it'), { X: '' }).tree.missing?.text).toBe('X is empty: say it');
    expect(interpolated(name(`X:-${name('Y')}`)).tree.missing?.variable).toBe('Y');
  });

  it('gives any text without ${ back as it is, and never throws', () => {
    fc.assert(
      fc.property(
        fc.string().filter((text) => !text.includes('${')),
        (text) => interpolated(text).tree.value === text,
      ),
    );
    const parts = fc.constantFrom('$', '{', '}', ':-', ':?', 'X', '${', ' ', '$$');
    fc.assert(fc.property(fc.array(parts, { maxLength: 60 }), (list) => void interpolated(list.join(''), { X: 'x' })));
  });

  it('ends with defaults within defaults without end', () => {
    const { problems } = interpolated('${A:-'.repeat(10_000) + '}'.repeat(10_000));

    expect(problems[0]?.message).toContain('levels deep');
  });
});

describe('variables', () => {
  const rate = `connectors:
  mock: { type: mock, symbols: [A], rate: "${name('RATE')}", seed: ${'"'}${name('SEED:-7')}${'"'} }
  log: { type: kafka, brokers: "b:1", topic: t, create_topic: "${name('CREATE:-false')}" }
topologies: { t: { source: mock, sink: log } }
`;
  const optionsOf = (connector: string, files: Record<string, string>, options: SpecOptions = {}) =>
    readText({ 'pipeline.yml': rate, ...files }, options).resolution.plan?.connectors.get(connector)?.options;
  const mock = (files: Record<string, string>, options: SpecOptions = {}) => optionsOf('mock', files, options);

  it('come from the environment, then .env, then the file that NAME_FILE names', () => {
    const files = { '.env': '# mine\nRATE=2/s\n', 'secret.txt': '3/s\n\n' };

    expect(mock(files, { env: { RATE: '1/s', RATE_FILE: 'secret.txt' } })).toMatchObject({ rate: '1/s' });
    expect(mock(files, { env: { RATE_FILE: 'secret.txt' } })).toMatchObject({ rate: '2/s' });
    expect(mock({ 'secret.txt': '3/s\n\n' }, { env: { RATE_FILE: 'secret.txt' } })).toMatchObject({ rate: '3/s' });
  });

  it('become the number or boolean that the schema wants; text in the file does not', () => {
    expect(mock({}, { env: { RATE: '1/s' } })).toMatchObject({ seed: 7 });
    expect(optionsOf('log', {}, { env: { RATE: '1/s' } })).toMatchObject({ create_topic: false });
    const { problems } = readText(rate, { env: { RATE: '1/s', SEED: 'many' } });
    expect(brief(problems)).toEqual(['2:60 mock.seed: expected a whole number, got "many" (from SEED)']);
    expect(brief(readText(rate, { env: { RATE: '1/s', SEED: '1.5' } }).problems)[0]).toContain(
      'expected a whole number',
    );
  });

  it('that are missing are a mistake when a started topology needs them', () => {
    const text = `connectors:
  finnhub: { type: finnhub, url: wss://x, symbols: [A], token: "${name('FINNHUB_TOKEN')}" }
  mock: { type: mock, symbols: [A] }
  log: { type: kafka, brokers: "b:1", topic: t }
topologies:
  t: { source: "${name('FEED:-mock')}", sink: log }
  u: { source: "${name('OTHER')}", sink: log, autostart: false }
`;
    expect(readText(text).resolution.plan).toBeDefined();

    const { problems } = readText(text, { env: { FEED: 'finnhub' }, topologies: ['t', 'u'] });

    expect(brief(problems)).toEqual(['2:64 finnhub: FINNHUB_TOKEN is not set', '7:16 u: OTHER is not set']);
    expect(problems[0]?.hint).toBe('get a free key at https://finnhub.io/register');
    expect(problems[1]?.hint).toContain('set OTHER');
  });

  it('name a connector that must exist', () => {
    const text = `connectors:
  mock: { type: mock, symbols: [A] }
  log: { type: kafka, brokers: "b:1", topic: t }
topologies: { t: { source: "${name('FEED:-mock')}", sink: log } }
`;
    expect(brief(readText(text, { env: { FEED: 'mokc' } }).problems)).toEqual([
      '4:28 t: unknown connector "mokc" (from FEED)',
    ]);
  });

  it('whose file cannot be read are reported when they are needed', () => {
    const folder = folderWith({});
    mkdirSync(join(folder, 'd'));
    expect(brief(readText(rate, { env: { RATE_FILE: 'gone.txt' } }).problems)[0]).toMatch(
      /^2:43 mock: RATE_FILE names a file/,
    );
    expect(readText(rate, { env: { RATE_FILE: 'gone.txt' } }).problems[0]?.hint).toMatch(/^check the path/);
    expect(brief(readText(rate, { env: { RATE_FILE: folder } }).problems)[0]).toContain('no file of at most 1 MiB');
  });

  it('are reported once, however often they are missing', () => {
    const text = `connectors:
  mock: { type: mock, symbols: ["${name('A')}", "${name('A')}"], rate: "${name('A')}" }
  log: { type: kafka, brokers: "b:1", topic: t }
topologies: { t: { source: mock, sink: log } }
`;
    expect(brief(readText(text).problems)).toEqual(['2:33 mock: A is not set']);
  });

  it('never show the value of a secret', () => {
    const text = `connectors:
  finnhub: { type: finnhub, url: wss://x, symbols: [A], token: 1234567 }
  log: { type: kafka, brokers: "b:1", topic: t }
topologies: { t: { source: finnhub, sink: log } }
`;
    const [problem] = readText(text).problems;

    expect(problem?.message).toBe('finnhub.token: expected text, got a number that is not shown');
  });
});
