import type { JSONSchema } from 'json-schema-to-ts';

// The structure of a pipeline file, whatever components there are: JSON Schema (draft 7), one truth for the spec reader,
// the schema that editors use and the docs. Values are as after interpolation. What names a component or a role is left
// open here: `connectors` entries and the usage beside `connector` are checked by the schemas of the declarations.

/** What a connector or topology may be called: it becomes a flag, a metric's label and part of a path. */
export const namePattern = '^[A-Za-z][A-Za-z0-9_-]{0,62}$';

/** In place of a dead letter's name: rejected messages are logged and counted. */
export const noDeadLetter = 'none';

/** `settings.limits`: what a topology may have read and not yet finished. */
export const limitsSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'What may be read and not yet settled; a source pauses while a limit is reached.',
  properties: {
    lane_batches: {
      type: 'integer',
      minimum: 1,
      maximum: 10_000,
      default: 2,
      description: 'Batches of one lane (a partition, a socket, a request) that may be unsettled.',
    },
    lane_bytes: {
      type: 'string',
      format: 'size',
      default: '8MiB',
      description: 'Bytes of one lane that may be unsettled; a single larger batch still passes, alone.',
    },
    topology_batches: {
      type: 'integer',
      minimum: 1,
      maximum: 100_000,
      default: 256,
      description: 'Batches of one topology, over all its lanes, that may be unsettled.',
    },
    topology_bytes: {
      type: 'string',
      format: 'size',
      default: '64MiB',
      description: 'Bytes of one topology, over all its lanes, that may be unsettled.',
    },
  },
} as const satisfies JSONSchema;

/** `settings`: what holds for every topology. */
export const settingsSchema = {
  type: 'object',
  additionalProperties: false,
  description: 'What holds for every topology of the process.',
  properties: {
    dead_letter: {
      type: 'string',
      default: noDeadLetter,
      description:
        'Connector that takes rejected messages, inherited by topologies that read or write a log. `none`: they are logged and counted.',
      examples: ['rejected', noDeadLetter],
    },
    status: {
      type: 'string',
      description: 'Connector (a table) to which every process reports what it runs. Left out: nothing is reported.',
      examples: ['status'],
    },
    shutdown: {
      type: 'string',
      format: 'duration',
      default: '5s',
      description: 'How long a stop may take to finish what is in flight; past it the stop is forced, exit code 3.',
    },
    write_timeout: {
      type: 'string',
      format: 'duration',
      default: '15s',
      description: 'How long one attempt of a write may take; a batch that timed out is halved before its next try.',
    },
    limits: limitsSchema,
  },
} as const satisfies JSONSchema;

/** `operators` of a topology or branch, and the value of a route: maps of one key, the operator's type, to its options. */
export const operatorsSchema = {
  type: 'array',
  description: 'Operators, in the order in which messages run through them: `- type: options`.',
  items: { type: 'object', minProperties: 1, maxProperties: 1, description: 'One operator: `type: options`.' },
} as const satisfies JSONSchema;

const connectorName = {
  type: 'string',
  minLength: 1,
  description: 'Name of a connector from `connectors`.',
} as const satisfies JSONSchema;

/** `source`: a connector's name, or a map with `connector` and the options of its source role. */
export const sourceSchema = {
  description: 'Where messages come from: the name of a connector, or `connector` with the options of its source.',
  anyOf: [
    connectorName,
    {
      type: 'object',
      description: 'A connector as source, with the options that hold in this topology.',
      required: ['connector'],
      properties: { connector: connectorName },
    },
  ],
} as const satisfies JSONSchema;

/** `sink`: a connector's name, or a map with `connector` and the options of its sink role. */
export const sinkSchema = {
  description: 'Where messages go: the name of a connector, or `connector` with the options of its sink.',
  anyOf: [
    connectorName,
    {
      type: 'object',
      description: 'A connector as sink, with the options that hold in this topology.',
      required: ['connector'],
      properties: { connector: connectorName },
    },
  ],
} as const satisfies JSONSchema;

/** One of `sinks`. Further properties are the options of the connector's sink role. */
export const branchSchema = {
  type: 'object',
  description: 'One branch: a connector as sink, with its own operators before it.',
  required: ['connector'],
  properties: {
    connector: connectorName,
    name: {
      type: 'string',
      pattern: namePattern,
      description: 'Name of the branch within the topology. Left out: the connector name.',
    },
    after: {
      type: 'string',
      minLength: 1,
      description: 'Name of a branch before this one: it then gets only what that one stored, in order.',
      examples: ['trades'],
    },
    best_effort: {
      type: 'boolean',
      default: false,
      description: 'A branch that may lose messages and never delays the others; it settles nothing.',
    },
    operators: {
      ...operatorsSchema,
      description: 'Operators of this branch alone, before its sink: `- type: options`.',
    },
  },
} as const satisfies JSONSchema;

/** One of `topologies`: exactly one of `sink`, `sinks` and `routes`; with `routes` no `operators`. */
export const topologySchema = {
  type: 'object',
  additionalProperties: false,
  description: 'One flow: a source, operators, and where the messages go.',
  required: ['source'],
  properties: {
    description: { type: 'string', description: 'One sentence about what it does.' },
    autostart: {
      type: 'boolean',
      default: true,
      description: 'False: started only when `--topology` names it.',
    },
    dead_letter: {
      type: 'string',
      minLength: 1,
      description: 'Overrides `settings.dead_letter`; `none`: rejected messages are logged and counted.',
      examples: ['rejected', noDeadLetter],
    },
    source: sourceSchema,
    operators: operatorsSchema,
    sink: sinkSchema,
    sinks: {
      type: 'array',
      minItems: 1,
      maxItems: 100,
      description: 'Several sinks, each with operators of its own; a message is settled when all are done with it.',
      items: branchSchema,
    },
    routes: {
      type: 'object',
      minProperties: 1,
      description: 'For a source of requests: `GET /path/{parameter}` to the operators that make the reply.',
      propertyNames: { pattern: '^[A-Z]+ /\\S*$' },
      additionalProperties: {
        ...operatorsSchema,
        description: 'Operators of this route, in order; the last one replies.',
      },
    },
  },
} as const satisfies JSONSchema;

/** The whole file, its includes merged. An overlay (`config/<profile>.yml`) holds `settings` and `connectors` only. */
export const pipelineStructure = {
  type: 'object',
  additionalProperties: false,
  properties: {
    name: { type: 'string', minLength: 1, description: 'Name of the platform, in logs and metrics.' },
    profile: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]*$',
      description: 'The overlay config/NAME.yml to apply, unless `--profile` or FDP_PROFILE names another.',
      examples: ['embedded'],
    },
    include: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      description: 'Further pipeline files, patterns relative to this one; their connectors and topologies are added.',
      examples: [['topologies/*.yml']],
    },
    settings: settingsSchema,
    connectors: {
      type: 'object',
      propertyNames: { pattern: namePattern },
      description: 'Places in the world, by name: what topologies read from and write to.',
      additionalProperties: {
        type: 'object',
        description: 'A connector: its `type`, and the options of that type.',
        properties: { type: { type: 'string', description: 'Type of the connector: `fdp-run list connectors`.' } },
      },
    },
    topologies: {
      type: 'object',
      propertyNames: { pattern: namePattern },
      description: 'Flows by name: `fdp-run --topology NAME` runs one.',
      additionalProperties: topologySchema,
    },
  },
} as const satisfies JSONSchema;
