import type { ConnectorDeclaration, OperatorDeclaration, RoleDeclaration } from '../../kit/declaration.ts';
import type { FunctionDeclaration } from '../../kit/function.ts';
import {
  branchSchema,
  connectorName,
  operatorsSchema,
  pipelineStructure,
  settingsSchema,
  sinkSchema,
  sourceSchema,
  topologySchema,
} from '../check/structure.ts';
import type { PluginMistake } from '../plugins/mistake.ts';
import { forEditors, isSchema, type SchemaNode } from './editor-schema.ts';

/** Every component that there is, in the order in which lists show them. */
export interface Components {
  readonly connectors: readonly ConnectorDeclaration[];
  readonly operators: readonly OperatorDeclaration[];
  /** Functions for expressions, of plugins only. */
  readonly functions?: readonly FunctionDeclaration[];
  /** What is wrong with plugins of the pipeline. */
  readonly mistakes?: readonly PluginMistake[];
  /** The file of each plugin that was found, by its name in the pipeline. */
  readonly pluginFiles?: ReadonlyMap<string, string>;
}

/**
 * The JSON Schema (draft 7) of a pipeline file, its includes and its overlays, for editors: every property described,
 * with defaults and examples. It accepts whatever `fdp validate` accepts, not the other way round: names that must
 * exist and roles that a connector has are known only there.
 */
export function pipelineSchema(components: Components): SchemaNode {
  const { properties, ...rest } = forEditors(pipelineStructure);
  const connectors = pipelineStructure.properties.connectors;
  const { description } = connectors;
  const whole = { connectors: { description, additionalProperties: ref('complete_connector') } };
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'fdp pipeline',
    description: 'A pipeline file of fdp, a file that it includes, or an overlay (config/<profile>.yml).',
    ...rest,
    properties: {
      ...(isSchema(properties) ? properties : {}),
      settings: forEditors(settingsSchema, { nullable: true }),
      connectors: { ...connectors, additionalProperties: ref('connector') },
      topologies: { ...pipelineStructure.properties.topologies, additionalProperties: ref('topology') },
    },
    // An overlay has neither a name nor topologies: its connectors may leave out what the pipeline has.
    ...when({ anyOf: [{ required: ['name'] }, { required: ['topologies'] }] }, { properties: whole }),
    definitions: {
      ...connectorDefinitions(components.connectors),
      ...topologyDefinitions(components),
    },
  };
}

function ref(name: string): SchemaNode {
  return { $ref: `#/definitions/${name}` };
}

function when(condition: SchemaNode, then: SchemaNode): SchemaNode {
  return { if: condition, then };
}

// ---- connectors -------------------------------------------------------------------------------------------------

/** Keywords that define options; all others define which of them are required, and in which combinations. */
const shapeKeywords: ReadonlySet<string> = new Set([
  'type',
  'properties',
  'patternProperties',
  'additionalProperties',
  'description',
]);

function connectorDefinitions(connectors: readonly ConnectorDeclaration[]): SchemaNode {
  const type = {
    enum: connectors.map((connector) => connector.type),
    enumDescriptions: connectors.map((connector) => connector.summary),
    description: 'Type of the connector; an overlay may leave it out.',
  };
  const made: Record<string, SchemaNode> = {
    connector: {
      // Null: an overlay removes the entry.
      type: ['object', 'null'],
      description: pipelineStructure.properties.connectors.additionalProperties.description,
      properties: { type },
      allOf: [
        ...connectors.map((connector) => whenType(connector, ref(definitionName(connector)))),
        whenUntyped(connectors),
      ],
    },
    complete_connector: {
      required: ['type'],
      allOf: connectors.map((connector) => whenType(connector, demands(connector))),
    },
  };
  for (const connector of connectors) made[definitionName(connector)] = optionsOf(connector, type.description);
  return made;
}

function definitionName(connector: ConnectorDeclaration): string {
  return `connector_${connector.type}`;
}

function whenType(connector: ConnectorDeclaration, then: SchemaNode): SchemaNode {
  return when({ type: 'object', properties: { type: { const: connector.type } }, required: ['type'] }, then);
}

/** An overlay's entry without a type: any option of any connector. */
function whenUntyped(connectors: readonly ConnectorDeclaration[]): SchemaNode {
  const all = connectors.map((connector) => ({
    type: connector.type,
    properties: propertiesOf(forEditors(connector.options, { nullable: true })),
  }));
  return when({ type: 'object', not: { required: ['type'] } }, { properties: union(all), additionalProperties: false });
}

function optionsOf(connector: ConnectorDeclaration, description: string): SchemaNode {
  const options = forEditors(connector.options, { nullable: true });
  const shape = Object.fromEntries(Object.entries(options).filter(([key]) => shapeKeywords.has(key)));
  const type = { const: connector.type, description };
  return { ...shape, description: connector.summary, properties: { type, ...propertiesOf(options) } };
}

function demands(connector: ConnectorDeclaration): SchemaNode {
  const options = forEditors(connector.options);
  return Object.fromEntries(Object.entries(options).filter(([key]) => !shapeKeywords.has(key)));
}

// ---- topologies -------------------------------------------------------------------------------------------------

function topologyDefinitions({ connectors, operators }: Components): SchemaNode {
  const { sinks, routes } = topologySchema.properties;
  const topology = forEditors(topologySchema);
  return {
    topology: {
      ...topology,
      properties: {
        ...propertiesOf(topology),
        source: roleSchema('source', sourceSchema, connectors),
        operators: { ...operatorsSchema, items: ref('operator') },
        sink: roleSchema('sink', sinkSchema, connectors),
        sinks: { ...sinks, items: ref('branch') },
        routes: { ...routes, additionalProperties: { ...routes.additionalProperties, items: ref('route_operator') } },
      },
      oneOf: [
        { required: ['sink'] },
        { required: ['sinks'] },
        { required: ['routes'], not: { required: ['operators'] } },
      ],
    },
    branch: branchDefinition(connectors),
    operator: operatorDefinition(operators.filter(({ routesOnly }) => !routesOnly)),
    route_operator: operatorDefinition(operators),
    ...Object.fromEntries(
      operators.map(({ type, summary, options }) => [
        `operator_${type}`,
        { ...forEditors(options), description: summary },
      ]),
    ),
  };
}

function branchDefinition(connectors: readonly ConnectorDeclaration[]): SchemaNode {
  const branch = forEditors(branchSchema);
  const usage = union(usages(connectors, 'sink'));
  const operators = { ...branchSchema.properties.operators, items: ref('operator') };
  const properties = { ...usage, ...propertiesOf(branch), operators };
  return {
    description: branchSchema.description,
    anyOf: [{ ...branch, properties, additionalProperties: false }, connectorName],
  };
}

function operatorDefinition(operators: readonly OperatorDeclaration[]): SchemaNode {
  const properties = operators.map((operator) => [operator.type, ref(`operator_${operator.type}`)] as const);
  const { description, ...map } = operatorsSchema.items;
  const bare = { enum: operators.map(({ type }) => type), description: 'An operator that needs no options.' };
  const full = { ...map, additionalProperties: false, properties: Object.fromEntries(properties) };
  return { description, anyOf: [full, bare] };
}

interface Usages {
  readonly type: string;
  readonly properties: SchemaNode;
}

function usages(connectors: readonly ConnectorDeclaration[], role: 'source' | 'sink'): readonly Usages[] {
  return connectors.flatMap((connector) => {
    const declared: RoleDeclaration | undefined = connector[role];
    return declared ? [{ type: connector.type, properties: propertiesOf(forEditors(declared.options)) }] : [];
  });
}

/** A connector's name, or a map with the usage of whatever connector it is: its type is known elsewhere in the file. */
function roleSchema(
  role: 'source' | 'sink',
  { description, required, properties: own }: typeof sourceSchema | typeof sinkSchema,
  connectors: readonly ConnectorDeclaration[],
): SchemaNode {
  const properties = { ...own, ...union(usages(connectors, role)) };
  const text = `A connector as a ${role}, with its options in this topology.`;
  const map = { type: 'object', description: text, required, properties, additionalProperties: false };
  return { description, anyOf: [connectorName, map] };
}

/** The properties of several components as one set; differing ones become alternatives that name their component. */
function union(all: readonly Usages[]): SchemaNode {
  const owners = new Map<string, { type: string; schema: SchemaNode }[]>();
  for (const { type, properties } of all) {
    for (const [name, schema] of Object.entries(properties)) {
      if (!isSchema(schema)) continue;
      owners.set(name, [...(owners.get(name) ?? []), { type, schema }]);
    }
  }
  return Object.fromEntries([...owners].map(([name, variants]) => [name, merged(variants)]));
}

function merged(variants: readonly { readonly type: string; readonly schema: SchemaNode }[]): SchemaNode {
  const byText = new Map<string, { types: string[]; schema: SchemaNode }>();
  for (const { type, schema } of variants) {
    const text = JSON.stringify(schema);
    const known = byText.get(text) ?? { types: [], schema };
    known.types.push(type);
    byText.set(text, known);
  }
  const distinct = [...byText.values()].map(({ types, schema }) => ({
    ...schema,
    description: `${types.join(', ')}: ${schema['description'] ?? ''}`,
  }));
  const [only, another] = distinct;
  if (only && !another) return only;
  return { description: distinct.map(({ description }) => description).join('\n\n'), anyOf: distinct };
}

function propertiesOf(schema: SchemaNode): SchemaNode {
  return isSchema(schema['properties']) ? schema['properties'] : {};
}
