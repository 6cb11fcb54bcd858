import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { operators } from '../../operators/index.ts';
import type { Shape } from '../../src/kit/declaration.ts';
import { optionsOf } from './declared.ts';

describe('operators', () => {
  it('are listed once each, by name', () => {
    const names = operators.map(({ type }) => type);
    expect(names).toEqual([...new Set(names)].sort());
  });

  it.each(operators.map((declaration) => [declaration.type, declaration] as const))(
    '%s has an example that validates',
    (type, declaration) => {
      const example = parse(declaration.example) as Record<string, unknown>;
      expect(Object.keys(example)).toEqual([type]);
      const options = optionsOf(declaration, JSON.stringify(example[type]));
      const problems: string[] = [];
      const scope = {
        route: 'GET /api/v1/trades/{symbol}',
        tableFields: () => undefined,
        tableIndexes: () => undefined,
      };
      const inputs: Readonly<Record<string, Shape>> = {
        find: { symbol: 'string', limit: 'number', before: 'any' },
        bars: { symbol: 'string', interval: 'string', limit: 'number' },
      };
      declaration.shape?.(options, inputs[type], (_path, text) => problems.push(text), scope);
      expect(problems).toEqual([]);
    },
  );

  it.each(operators.map((declaration) => [declaration.type, declaration.options] as const))(
    '%s describes every option',
    (_type, options) => {
      const undescribed: string[] = [];
      const visit = (schema: unknown, path: string) => {
        if (typeof schema !== 'object' || schema === null) return;
        if (!('description' in schema)) undescribed.push(path);
        const properties = 'properties' in schema ? (schema.properties as Record<string, unknown>) : {};
        for (const [name, inner] of Object.entries(properties)) visit(inner, `${path}.${name}`);
      };
      visit(options, '');
      expect(undescribed).toEqual([]);
    },
  );
});
