import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { knownSecrets, secretsOf } from '../../../src/pipeline/give/secrets.ts';
import { printProblems } from '../../../src/pipeline/problem.ts';
import { maskedUrls, secretsInUrls, starredUrls } from '../../../src/pipeline/read/secret-text.ts';
import { folderWith, readText } from '../../support/pipeline/spec.ts';

const secret = fc
  .stringMatching(/^[A-Za-z0-9]{3}[A-Za-z0-9?/#@:%!$*+-]{6,20}[A-Za-z0-9]{3}$/)
  .filter((text) => !/[=&]/.test(text));

describe('a URL', () => {
  it.each([
    ['mongodb://u:p?w@h/db', 'mongodb://******@h/db'],
    ['mongodb://u:p/w@h/db', 'mongodb://******@h/db'],
    ['wss://h/feed?access_token=abc&auth=x#y', 'wss://h/feed?access_token=******&auth=******#y'],
    ['at http://h:80/ and http://u@h', 'at http://h:80/ and http://******@h'],
    ['user:pw@h:9092,b:1', '******@h:9092,b:1'],
    ['http://127.0.0.1:8000/api', 'http://127.0.0.1:8000/api'],
    ['a@b c:d', 'a@b c:d'],
  ])('%s is shown as %s', (text, shown) => {
    expect(maskedUrls(text)).toBe(shown);
  });

  it('never shows a password or a query value, whatever characters they hold', () => {
    fc.assert(
      fc.property(secret, secret, (password, value) => {
        expect(maskedUrls(`x mongodb://user:${password}@host/db y`)).toBe('x mongodb://******@host/db y');
        const encoded = encodeURIComponent(value);
        expect(maskedUrls(`wss://host/?key=${encoded}&z=1`)).toBe('wss://host/?key=******&z=******');
        expect(secretsInUrls(`mongodb://user:${password}@host/db`)).toContain(password);
      }),
    );
  });

  it('keeps its columns in an excerpt', () => {
    expect(starredUrls('a: mongodb://u:p?w@h/ b')).toBe('a: mongodb://*****@h/ b');
  });
});

const pipeline = (url: string) => `connectors:
  mock: { type: mock, symbols: [A] }
  table: { type: mongodb, url: ${JSON.stringify(url)}, database: d, collection: c, fields: { symbol: strin } }
topologies:
  simulator: { source: mock, sink: table }
`;

describe('secrets of a spec', () => {
  it('stand in no problem, not in its excerpt either', () => {
    fc.assert(
      fc.property(secret, (password) => {
        const { problems } = readText(pipeline(`mongodb://user:${password}@host/db`));
        expect(problems.length).toBeGreaterThan(0);
        expect(printProblems(problems, folderWith({}))).not.toContain(password);
      }),
      { numRuns: 30 },
    );
  });

  it('are passwords within URLs as well, but no name of the spec', () => {
    const { spec } = readText(pipeline('mongodb://user:simulator@host/db').replace('strin ', 'string '));
    expect(knownSecrets(spec)).not.toContain('simulator');
    const shown = (text: string) => secretsOf(spec)(text, {}, []);
    expect(shown('the simulator of mongodb://user:simulator@host/db')).toBe('the simulator of ******');
    expect(shown('the simulator of mongodb://user:simulator@other/db')).toBe(
      'the simulator of mongodb://******@other/db',
    );
  });
});
