import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { config } from '../../../src/cli/config.ts';
import { validate } from '../../../src/cli/validate.ts';
import { isSecretName, shownText } from '../../../src/pipeline/read/shown-text.ts';
import { folderWith } from '../../support/pipeline/spec.ts';

const request = (pipeline: string, env = {}) => {
  const folder = folderWith({ 'pipeline.yml': pipeline });
  return { pipelinePath: `${folder}/pipeline.yml`, env, components: { connectors, operators }, folder };
};

/** A pipeline with a secret on a line, and a sink that is not there. */
const withLine = (line: string) => `connectors:
  letters: { type: file, path: letters.jsonl }
${line}
topologies:
  t: { source: feed, sink: leters }
`;

/** `S` is the secret. What is wrong stands on the secret's line, or is the secret. */
const lines: readonly (readonly [title: string, line: string])[] = [
  ['an unknown option beside it', '  feed: { type: finnhub, token: S, simbols: [A] }'],
  ['a key that is misspelt', '  feed: { type: finnhub, tokn: S, symbols: [A] }'],
  ['a key that is misspelt, on a line of its own', '  feed:\n    type: finnhub\n    tokken: S\n    symbols: [A]'],
  ['a list instead of text', '  feed: { type: finnhub, token: [S], symbols: [A] }'],
  ['a map instead of text', '  feed:\n    type: finnhub\n    token:\n      is: S\n    symbols: [A]'],
  ['a list below', '  feed:\n    type: finnhub\n    token:\n    - S\n    symbols: [A]'],
  ['an open quote', '  feed: { type: finnhub, token: "S, symbols: [A] }'],
  ['an open bracket', '  feed: { type: finnhub, token: S, symbols: [A'],
  ['no space behind the colon', '  feed:\n    type: finnhub\n    token:S\n    symbols: [A]'],
  ['a tag by mistake', '  feed: { type: finnhub, token: !S , symbols: [A] }'],
  ['an alias by mistake', '  feed: { type: finnhub, token: *S , symbols: [A] }'],
  ['a variable that is not closed', `  feed: { type: finnhub, token: "$\{S", symbols: [A] }`],
  ['a variable that is none', `  feed: { type: finnhub, token: "$\{S+}", symbols: [A] }`],
  ['a default', `  feed: { type: finnhub, token: "$\{TOKEN:-S}", simbols: [A] }`],
  ['a connector type that is not there', '  feed: { type: finnhb, token: S }'],
  ['a connector that does not know it', '  feed: { type: mock, symbols: [A], token: S }'],
  ['a password of SASL', '  feed: { type: kafka, brokers: "b:1", topic: t, sasl: { mechanism: plian, password: S } }'],
  ['one of several, twice', '  feed: { type: websocket_server, listen: "127.0.0.1:1", tokens: [S, S] }'],
  ['text over several lines', '  feed:\n    type: finnhub\n    token: |\n      S #\n      S\n   symbols: [A]'],
  ['an anchor', `  x: { type: mock, symbols: [&t S] }\n  feed: { type: finnhub, token: [*t], symbols: [A] }`],
  ['a URL without its scheme', '  feed: { type: mongodb, url: "user:S@host", databse: d, collection: c }'],
];

describe('a literal secret', () => {
  const secret = fc.stringMatching(/^[A-Za-z][A-Za-z0-9]{5,20}$/).filter((text) => !withLine('').includes(text));

  it.each(lines)('stands in no problem: %s', (_title, line) => {
    fc.assert(
      fc.property(secret, (each) => {
        const { text, exitCode } = validate(request(withLine(line.replaceAll('S', each))));
        expect(exitCode).toBe(2);
        expect(text).not.toContain(each);
      }),
      { numRuns: 5 },
    );
  });

  it('stands in no problem as JSON either, nor in the config', () => {
    const json = validate(request(withLine('  feed: { type: finnhub, token: [abcd12345], symbols: [A] }')), {
      json: true,
    });
    expect(json.text).not.toContain('abcd12345');
    const right = withLine('  feed: { type: finnhub, token: abcd12345, symbols: [A] }').replace('leters', 'letters');
    for (const shown of [config(request(right)), config(request(right), { json: true })]) {
      expect(shown.exitCode).toBe(0);
      expect(shown.text).toContain('******');
      expect(shown.text).not.toContain('abcd12345');
    }
  });
});

describe('a text as it is shown', () => {
  it('keeps its length, its names of variables, and what is no secret', () => {
    const text = `a:\n  token: $\{TOKEN}  # yes\n  message_key: x\n  list: [{ password: 'a, b', c: d }]\n  url: wss://u:p@h/\n`;
    expect(shownText(text)).toBe(text.replace("'a, b'", "'** *'").replace('u:p@', '***@'));
  });

  it('is as long as the text, whatever that is, and made in no time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(shownText(`token: ${text}`).length).toBe(text.length + 7);
      }),
    );
    for (const hard of ['token: x\n', '{token: ', ',token:"', '# # ', '- ', '\t', 'token:\n '])
      expect(shownText(hard.repeat(100_000)).length).toBe(hard.length * 100_000);
  });

  it.each(['token', 'tokens', 'api_key', 'apiKey', 'sasl_password', 'pasword', 'clientSecret', 'tokn'])(
    'hides what stands behind %s',
    (name) => expect(isSecretName(name)).toBe(true),
  );

  it.each(['key', 'message_key', 'cert_and_key', 'topic', 'idempotency_key', 'taken_at', 'path', 'symbols'])(
    'shows what stands behind %s',
    (name) => expect(isSecretName(name)).toBe(false),
  );
});
