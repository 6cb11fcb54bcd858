import type { JSONSchema } from 'json-schema-to-ts';

// The structure of a pipeline file, whatever components there are: JSON Schema (draft 7), one truth for the spec
// reader, the schema that editors use and the docs. Values are as after interpolation. Keys that depend on a component
// or a role are left open here: `connectors` entries and the usage beside `connector` are checked by the schemas of the
// declarations.

/** What a connector or topology may be called: it becomes a flag, a metric's label and part of a path. */
export const namePattern = '^[A-Za-z][A-Za-z0-9_-]{0,62}$';

/** In place of a dead letter's name: rejected messages are logged and counted. */
export const noDeadLetter = 'none';

/** `settings.limits`: what a topology may have read and not yet finished. */
export const limitsSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'Limits on what is read and not yet settled. A source pauses while a limit is reached.',
  properties: {
    lane_batches: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 2,
      description: 'Maximum number of unsettled batches per lane (a partition, a socket, a request).',
    },
    lane_bytes: {
      type: 'string',
      format: 'size',
      default: '8MiB',
      description: 'Maximum size of the unsettled batches per lane. A single larger batch still passes, alone.',
    },
    topology_batches: {
      type: 'integer',
      minimum: 1,
      maximum: 100_000,
      default: 256,
      description: 'Maximum number of unsettled batches per topology, over all its lanes.',
    },
    topology_bytes: {
      type: 'string',
      format: 'size',
      default: '64MiB',
      description: 'Maximum size of the unsettled batches per topology, over all its lanes.',
    },
  },
} as const satisfies JSONSchema;

/** `settings`: what holds for every topology. */
export const settingsSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'Settings of all topologies.',
  properties: {
    dead_letter: {
      type: 'string',
      default: noDeadLetter,
      description:
        'Connector for rejected messages, for all topologies that read or write a log. `none`: they are logged and counted.',
      examples: ['rejected', noDeadLetter],
    },
    status: {
      type: 'string',
      description: 'Table connector that every process reports its state to. Default: nothing is reported.',
      examples: ['status'],
    },
    shutdown: {
      type: 'string',
      format: 'duration',
      default: '5s',
      description: 'Time limit for a stop to finish what is in flight. After it the stop is forced, with exit code 3.',
    },
    write_timeout: {
      type: 'string',
      format: 'duration',
      default: '15s',
      description: 'Time limit of one write attempt. A batch that timed out is halved before the next attempt.',
    },
    limits: limitsSchema,
  },
} as const satisfies JSONSchema;

/**
 * `operators` of a topology or branch, and the value of a route: maps of one key, the operator's type, to its options.
 */
export const operatorsSchema = {
  type: 'array',
  description: 'Operators in the order of execution: `- type: options`.',
  items: { type: 'object', minProperties: 1, maxProperties: 1, description: 'One operator: `type: options`.' },
} as const satisfies JSONSchema;

export const connectorName = {
  type: 'string',
  minLength: 1,
  description: 'Name of a connector from `connectors`.',
} as const satisfies JSONSchema;

/** `source`: a connector's name, or a map with `connector` and the options of its source role. */
export const sourceSchema = {
  type: ['string', 'object'],
  minLength: 1,
  description:
    'Where messages come from: the name of a connector, or a map with `connector` and its options as a source.',
  required: ['connector'],
  properties: { connector: connectorName },
} as const satisfies JSONSchema;

/** `sink`: a connector's name, or a map with `connector` and the options of its sink role. */
export const sinkSchema = {
  type: ['string', 'object'],
  minLength: 1,
  description: 'Where messages go: the name of a connector, or a map with `connector` and its options as a sink.',
  required: ['connector'],
  properties: { connector: connectorName },
} as const satisfies JSONSchema;

/** One of `sinks`. Further properties are the options of the connector's sink role. */
export const branchSchema = {
  type: 'object',
  description: 'One branch: a connector as a sink, with operators of its own before it.',
  required: ['connector'],
  properties: {
    connector: connectorName,
    name: {
      type: 'string',
      pattern: namePattern,
      description: 'Name of the branch within the topology. Default: the name of the connector.',
    },
    after: {
      type: 'string',
      minLength: 1,
      description: 'Name of an earlier branch. This one then gets only what that one stored, in order.',
      examples: ['trades'],
    },
    best_effort: {
      type: 'boolean',
      default: false,
      description: 'Whether the branch may lose messages. If so, it never delays or stops the others.',
    },
    operators: {
      ...operatorsSchema,
      description: 'Operators of this branch, before its sink: `- type: options`.',
    },
  },
} as const satisfies JSONSchema;

/** One of `topologies`: exactly one of `sink`, `sinks` and `routes`; with `routes` no `operators`. */
export const topologySchema = {
  type: 'object',
  additionalProperties: false,
  description: 'A flow: a source, operators, and one or more sinks.',
  required: ['source'],
  properties: {
    description: { type: 'string', description: 'What it does, in one sentence.' },
    autostart: {
      type: 'boolean',
      default: true,
      description: 'If false, the topology starts only when `--topology` names it.',
    },
    dead_letter: {
      type: 'string',
      minLength: 1,
      description: 'Overrides `settings.dead_letter`. `none`: rejected messages are logged and counted.',
      examples: ['rejected', noDeadLetter],
    },
    guarantee: {
      enum: ['effectively_once', 'at_least_once'],
      description:
        'What each path from the source to a sink must guarantee, except to those that are `best_effort`. A pipeline that can not keep it does not start. Default: nothing is checked.',
      examples: ['effectively_once'],
    },
    source: sourceSchema,
    operators: operatorsSchema,
    sink: sinkSchema,
    sinks: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      description: 'Several sinks, each with operators of its own. A message is settled when all have delivered it.',
      items: branchSchema,
    },
    routes: {
      type: 'object',
      minProperties: 1,
      description: 'For a source of requests: `GET /path/{parameter}`, each with the operators that produce the reply.',
      propertyNames: { pattern: '^[A-Z]+ /\\S*$' },
      additionalProperties: {
        ...operatorsSchema,
        description: 'Operators of the route, in order. The last one replies.',
      },
    },
  },
} as const satisfies JSONSchema;

/** The whole file, its includes merged. An overlay (`config/<profile>.yml`) holds `settings` and `connectors` only. */
export const pipelineStructure = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, description: 'Name of the platform.' },
    profile: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
      description: 'The overlay config/NAME.yml to apply, unless `--profile` or FDP_PROFILE names another.',
      examples: ['embedded'],
    },
    include: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description:
        'Further pipeline files, as paths or patterns relative to this one. Their connectors and topologies are added.',
      examples: [['topologies/*.yml']],
    },
    plugins: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description:
        'Files (relative to this one) and npm packages with operators, connectors and functions of your own. They are imported, and run with all rights of the process.',
      examples: [['./operators/spread.ts', 'fdp-redis']],
    },
    settings: settingsSchema,
    connectors: {
      type: 'object',
      propertyNames: { pattern: namePattern },
      description: 'What topologies read from and write to, by name.',
      additionalProperties: {
        type: 'object',
        description: 'A connector: its `type`, and the options of the type.',
        properties: { type: { type: 'string', description: 'Type of the connector: `fdp list connectors`.' } },
      },
    },
    topologies: {
      type: 'object',
      propertyNames: { pattern: namePattern },
      description: 'Topologies by name. `fdp --topology NAME` runs one.',
      additionalProperties: topologySchema,
    },
  },
} as const satisfies JSONSchema;
