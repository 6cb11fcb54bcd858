import { faultSchemas } from '../tests/fault-structure.ts';
import {
  committedSchema,
  contentSchemas,
  entrySchema,
  mockSchema,
  orderSchema,
  replySchema,
  tapeSchema,
  testSchema,
  withinSchema,
} from '../tests/structure.ts';
import { forEditors, type SchemaNode } from './editor-schema.ts';

/**
 * The JSON Schema (draft 7) of a test of a pipeline, for editors: every property described, with defaults and examples. It accepts
 * whatever `fdp test` accepts, not the other way round: names of topologies and sinks are known only there.
 */
export function testFileSchema(): SchemaNode {
  const { input, faults, expect } = testSchema.properties;
  const whole = {
    ...testSchema,
    properties: {
      ...testSchema.properties,
      input: { ...input, anyOf: [{ type: 'array', minItems: 1, items: entrySchema }, mockSchema, tapeSchema] },
      faults: { ...faults, items: { anyOf: Object.values(faultSchemas) } },
      expect: { ...expect, properties: expectations, additionalProperties: content('A sink, by its name.') },
    },
  };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'fdp test',
    description: 'A test of an fdp pipeline, one YAML document of a *.test.yml.',
    ...forEditors(whole, { literal: true }),
  };
}

const expectations = {
  dead_letters: content('The dead letters: messages that were rejected, each with code, reason, node and value.'),
  committed: oneOrMore(committedSchema, 'Positions that the group of the topology has committed.'),
  order: orderSchema,
  replies: oneOrMore(replySchema, 'All replies, in the order of the requests.'),
  within: withinSchema,
};

function content(description: string): SchemaNode {
  return { description, anyOf: Object.values(contentSchemas) };
}

function oneOrMore(schema: SchemaNode, description: string): SchemaNode {
  return { description, anyOf: [schema, { type: 'array', minItems: 1, items: schema }] };
}
