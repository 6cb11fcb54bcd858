import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linesOf, maxLevels, parseJson, toJson, tryParseJson, valueOrProblem } from '../../src/kit/json.ts';
import { packageRoot } from '../../src/kit/package-root.ts';

const nested = (levels: number, open = '[', close = ']') => open.repeat(levels) + close.repeat(levels);

describe('JSON of others', () => {
  it('is read as JSON.parse reads it, from text and from bytes', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
        expect(parseJson(Buffer.from(text))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('is refused beyond 100 levels, wherever they are, and brackets within texts are none', () => {
    const filler = JSON.stringify('\\"[[[{{{'.repeat(200));
    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ] as const) {
      const text = (levels: number) => `[${filler},${open.repeat(levels - 1)}1${close.repeat(levels - 1)}]`;
      expect(() => parseJson(text(maxLevels))).not.toThrow();
      expect(() => parseJson(text(maxLevels + 1))).toThrow(/expected JSON of at most 100 levels/);
    }
    for (const levels of [20_000, 5_000_000])
      expect(() => parseJson(nested(levels))).toThrow(/expected JSON of at most 100 levels/);
  });

  it('is refused over its limit of bytes, unread', () => {
    expect(() => parseJson(Buffer.alloc(1001), 1000)).toThrow('expected at most 1000 bytes of JSON, got 1001');
  });

  it('is refused with one short line, whatever its content', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.string({ unit: 'binary', maxLength: 3000 })), (source) => {
        try {
          parseJson(source);
        } catch (error) {
          expect(error).toMatchObject({ code: 'FDP_MESSAGE_UNREADABLE' });
          const { message } = error as Error;
          expect(message.length).toBeLessThan(2500);
          expect(message).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        }
      }),
    );
  });

  it('is taken from bytes only when they are UTF-8, with or without a byte order mark', () => {
    expect(parseJson(Buffer.from('\uFEFF{"a":"ä"}'))).toEqual({ a: 'ä' });
    expect(() => parseJson(Buffer.from([0x22, 0xff, 0x22]))).toThrow(/expected JSON/);
  });
});

describe('a value or the problem', () => {
  it('is the value with its bytes', () => {
    const raw = Buffer.from('{"a":1}');
    expect(valueOrProblem(raw, 'ticks')).toEqual({ raw, value: { a: 1 } });
    expect(valueOrProblem('null', 'ticks')).toEqual({ raw: 'null', value: null });
  });

  it.each(['', '{', '[1,]', Buffer.from([0xff])])('is the problem of %j, which says where it came from', (raw) => {
    const { problem, ...rest } = valueOrProblem(raw, 'ticks');
    expect(rest).toEqual({ raw, value: undefined });
    expect(problem).toMatchObject({
      code: 'FDP_MESSAGE_UNREADABLE',
      message: expect.stringMatching(/^ticks: expected JSON: [^\n]+$/),
    });
  });
});

describe('what may be JSON', () => {
  it('is its value, or undefined', () => {
    expect(['null', '{"a":1}', '', '{', Buffer.from([0xff])].map(tryParseJson)).toEqual([
      ...[null, { a: 1 }],
      ...[undefined, undefined, undefined],
    ]);
  });
});

describe('JSON for others', () => {
  it('is refused for one value that has none', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 50_000; level++) deep = [deep];
    for (const value of [deep, 1n, { toJSON: () => undefined }, () => {}, undefined])
      expect(() => toJson(value, 'sink')).toThrow(/^sink: /);
    const { text, failed } = linesOf([{ value: 1 }, { value: deep }, { value: undefined }, { value: 'b' }], 'sink');
    expect(text).toBe('1\nnull\n"b"\n');
    expect([...failed.keys()]).toEqual([1]);
  });
});

/** Who may call JSON.parse beside the one function for JSON of others. Each reads only what fdp itself wrote. */
const mayParse: Readonly<Record<string, string>> = {
  'connectors/sqlite-table/store.ts': 'a flat list that SQLite writes in its answer',
  'src/kit/json.ts': 'is the function',
  'src/cli/create/sink.ts': 'the test of a new sink, which reads what the sink has written',
  'src/cli/run/log-file.ts': "a line of this process' own log",
  'src/cli/shared/version.ts': 'the package.json that lies beside the program',
  'src/observe/mask.ts': "a line of this process' own log",
};

describe('the sources', () => {
  it('read JSON in one place', () => {
    const root = packageRoot();
    const found = ['src', 'connectors', 'operators'].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => join(folder, file).replaceAll('\\', '/'))
        .filter((file) => /\bJSON\s*\.\s*parse\b|\.json\(\)/.test(readFileSync(join(root, file), 'utf8'))),
    );
    expect(found.sort()).toEqual(Object.keys(mayParse).sort());
  });
});
