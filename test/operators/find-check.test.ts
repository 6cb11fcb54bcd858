import { describe, expect, it } from 'vitest';
import { find } from '../../operators/find.ts';
import { check } from './declared.ts';
import { page } from './find-store.ts';

describe('find', () => {
  it('reports a range without a suitable index, with the index to add', () => {
    const trades = { symbol: 'string', venue: 'string', price: 'decimal', time: 'date' } as const;
    const input = { symbol: 'string', venue: 'string', from: 'date', limit: 'string' } as const;
    const problems = (where: string, indexes: readonly (readonly string[])[] = [['symbol', 'time', '_id']]) => {
      const scope = { route: 'GET /x', tables: { trades }, indexes: { trades: indexes } };
      return check(find, `{ in: trades, where: ${where}, sort: [-time] }`, input, scope).problems;
    };
    expect(problems('{ symbol: "{symbol}", time: { from: "{from}", to: 9 } }')).toEqual([]);
    expect(problems('{ time: { to: 9 } }', [['time']])).toEqual([]);
    expect(problems('{ time: { to: 9 } }')).toEqual([
      'where.time: no index of trades leads to a range of time | add [-time] to its indexes',
    ]);
    expect(problems('{ symbol: "{symbol}", venue: "{venue}", time: { to: 9 } }', [['message_key']])).toEqual([
      'where.time: no index of trades leads to a range of time | add [symbol, venue, -time] to its indexes',
    ]);
    expect(problems('{ symbol: "{symbol}", time: { from: "{limit}", to: "{fom}" } }')).toEqual([
      'where.time.from: expected a number or a date, got a string',
      'where.time.to: there is no field fom | did you mean from?',
    ]);
    expect(problems('{ price: { from: 1 } }', [['price']])).toEqual([
      'where.price: price is a decimal, and a range is of numbers or dates',
    ]);
  });

  it('gives the shape of the rows, and is checked against the table and the parameters', () => {
    const trades = { symbol: 'string', price: 'decimal', time: 'date' } as const;
    const scope = { route: 'GET /api/v1/trades/{symbol}', tables: { trades } };
    const input = { symbol: 'string', limit: 'number', before: 'any' } as const;
    expect(check(find, page, input, scope)).toEqual({ shape: { ...trades, _id: 'string' }, problems: [] });
    const problems = (yaml: string) => check(find, yaml, input, scope).problems;
    expect(
      problems('{ in: trades, where: { symbl: "{symbol}", price: "{limit}", time: "{offset}" }, sort: [-tme] }'),
    ).toEqual([
      'where.symbl: there is no field symbl | did you mean symbol?',
      'where.price: price is a decimal, which never equals a number',
      'where.time: {offset} is not a parameter | it is a coordinate of a message in a log',
      'sort.0: there is no field tme | did you mean time?',
    ]);
    expect(problems(page.replace('-_id', '_id'))).toEqual([
      'sort: pages need a number or date field and then _id, both in the same direction | such as [-time, -_id]',
    ]);
    expect(check(find, page, undefined, scope).problems).toEqual([
      'page.limit: the route has no parameter limit | declare it with params before this operator',
      'page.before: the route has no parameter before | declare it with params before this operator',
    ]);
    expect(check(find, page, undefined, { tables: { trades } }).problems).toEqual([
      'page: pages are for routes only | use limit',
    ]);
  });
});
