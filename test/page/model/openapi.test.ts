import { describe, expect, it } from 'vitest';
import { readApi, urlOf } from '../../../page/model/openapi.ts';

const document = {
  openapi: '3.1.0',
  info: { title: 'Trades', version: '1', description: 'What is stored.' },
  paths: {
    '/trades/{symbol}': {
      parameters: [{ $ref: '#/components/parameters/symbol' }],
      get: {
        summary: 'Trades of a symbol',
        parameters: [
          { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 500, default: 15 } },
        ],
        responses: {
          200: { description: 'A page.', content: { 'application/json': { example: { data: [] } } } },
          400: { $ref: '#/components/responses/bad' },
        },
      },
    },
    '/stream': { get: { responses: { 200: { description: 'Events.', content: { 'text/event-stream': {} } } } } },
  },
  components: {
    parameters: {
      symbol: { name: 'symbol', in: 'path', required: true, schema: { type: 'string', examples: ['AAPL'] } },
    },
    responses: {
      bad: {
        description: 'A wrong parameter.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/loop' } } },
      },
    },
    schemas: { loop: { $ref: '#/components/schemas/loop' } },
  },
};

describe('API document', () => {
  it('reads routes with parameters, answers and examples, through references', () => {
    const { title, routes } = readApi(document);
    expect(title).toBe('Trades');
    expect(routes.map(({ method, path, isStream }) => [method, path, isStream])).toEqual([
      ['GET', '/trades/{symbol}', false],
      ['GET', '/stream', true],
    ]);
    expect(routes[0]?.parameters).toEqual([
      { name: 'symbol', in: 'path', isRequired: true, description: '', form: 'string', example: 'AAPL' },
      {
        name: 'limit',
        in: 'query',
        isRequired: false,
        description: '',
        form: 'integer, 1 to 500, default 15',
        example: '15',
        most: 500,
      },
    ]);
    expect(routes[0]?.answers).toEqual([
      { status: '200', description: 'A page.', example: '{\n  "data": []\n}' },
      { status: '400', description: 'A wrong parameter.', example: undefined },
    ]);
  });

  it('reads an empty document', () => {
    for (const nothing of [null, 1, 'text', [], {}, { paths: { '/': null } }])
      expect(readApi(nothing).routes).toEqual([]);
  });

  it('fills a path and a query, and leaves out what is empty', () => {
    const [route] = readApi(document).routes;
    const url = (values: Readonly<Record<string, string>>) => route && urlOf(route, new Map(Object.entries(values)));
    expect(url({ symbol: 'BRK.B/X', limit: '2' })).toBe('/trades/BRK.B%2FX?limit=2');
    expect(url({ symbol: 'AAPL', limit: '' })).toBe('/trades/AAPL');
  });
});
