import { describe, expect, expectTypeOf, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { defaultUsage, defineConnector, noUsage } from '../../src/kit/declaration.ts';
import type { Source } from '../../src/kit/source.ts';
import { usageOf } from '../support/engine/options.ts';

const size = { type: 'integer', default: 5, description: 'Size.' } as const;
const name = { type: 'string', description: 'Name.' } as const;

describe('the options of a role', () => {
  it('have the types of its schema, one with a default always there', () => {
    const declared = defineConnector({
      ...{ type: 'typed', summary: 'Typed.', example: 'typed: { type: typed }', options: noUsage },
      source: { options: { type: 'object', additionalProperties: false, properties: { size, name } } },
      sink: { options: noUsage },
      create: async () => ({
        source: (usage): Source => {
          expectTypeOf(usage.size).toEqualTypeOf<number>();
          expectTypeOf(usage.name).toEqualTypeOf<string | undefined>();
          throw new Error(`size ${usage.size}`);
        },
        close: async () => {},
      }),
    });
    expect(declared.source?.options).toMatchObject({ properties: { size: { default: 5 } } });
  });

  it('are the defaults of the schema if none are given', () => {
    expect(defaultUsage({ options: { type: 'object', properties: { size, name } } })).toEqual({ size: 5 });
    expect(defaultUsage(undefined)).toEqual({});
  });

  it.each(connectors.flatMap(({ type, sink }) => (sink ? [{ type, sink }] : [])))(
    'of a sink are complete without being given: $type',
    ({ sink }) => {
      expect(usageOf(sink, {})).toEqual(defaultUsage(sink));
    },
  );
});
