import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { queryOf, rawQuery, readRoutes } from '../../../connectors/rest/route.ts';

describe('rest routes', () => {
  it('become Express paths, those with fewer parameters first', () => {
    expect(readRoutes(['GET /trades/{symbol}', 'GET /trades/all', 'GET /a.b/{x}/(c)*'], 'http')).toEqual([
      { text: 'GET /trades/all', path: '/trades/all' },
      { text: 'GET /trades/{symbol}', path: '/trades/:"symbol"' },
      { text: 'GET /a.b/{x}/(c)*', path: '/a.b/:"x"/\\(c\\)\\*' },
    ]);
  });

  it('are refused with another method than GET, or with braces that hold no name', () => {
    for (const route of ['POST /orders', 'GET /{}', 'GET /{a', 'GET /{1}'])
      expect(() => readRoutes([route], 'http')).toThrow(expect.objectContaining({ code: 'FDP_SPEC_INVALID' }));
  });
});

describe('rest query', () => {
  it('is read as texts, repeated parameters as lists', () => {
    const query = rawQuery('/a?limit=5&limit=6&limit=7&flag&x=a%20b+c&=&&y=1=2');
    expect(Object.fromEntries(queryOf(query))).toEqual({
      limit: ['5', '6', '7'],
      flag: '',
      x: 'a b c',
      '': '',
      y: '1=2',
    });
    expect(rawQuery('/a')).toBe('');
    expect(queryOf('')).toEqual(new Map());
  });

  it('gives back whatever was encoded', () => {
    const pairs = fc.uniqueArray(
      fc.tuple(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' })),
      {
        selector: ([name]) => name,
      },
    );
    fc.assert(
      fc.property(pairs, (given) => {
        const query = given
          .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
          .join('&');
        expect([...queryOf(query)]).toEqual(given);
      }),
    );
  });

  it('is refused with bad percent-encoding', () => {
    for (const query of ['a=%zz', '%', 'a=%e2%28'])
      expect(() => queryOf(query)).toThrow(expect.objectContaining({ code: 'FDP_PARAMETER_INVALID' }));
  });
});
