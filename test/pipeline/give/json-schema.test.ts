import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { pipelineSchema } from '../../../src/pipeline/give/json-schema.ts';
import { sampleComponents } from '../../support/pipeline/components.ts';
import { undescribed } from '../../support/pipeline/schema.ts';

const schema = pipelineSchema(sampleComponents);
const validate = new Ajv({ strict: false, allErrors: true }).compile(schema);

/** Where the schema finds something wrong in a YAML text; empty when it is fine. */
function complaints(yaml: string): string[] {
  if (validate(parse(yaml))) return [];
  return [...new Set((validate.errors ?? []).map((error) => error.instancePath))];
}

/** A whole pipeline with the given connector and topology lines. */
function pipeline({ connector = '', topology = 'source: ticks\n    sink: ticks' }): string {
  return `
name: test
connectors:
  ticks: { type: queue, servers: "localhost:9092", topic: t${connector} }
topologies:
  flow:
    ${topology}
`;
}

/** `${inside}` */
const env = (inside: string) => ['$', '{', inside, '}'].join('');

const wrong = (yaml: string) => expect(complaints(yaml)).not.toEqual([]);
const right = (yaml: string) => expect(complaints(yaml)).toEqual([]);

describe('pipeline.schema.json', () => {
  it('describes every property', () => {
    expect(undescribed(schema)).toEqual([]);
  });

  it('carries defaults, examples and the secrecy of options', () => {
    const text = JSON.stringify(schema);
    expect(text).toContain('"default":"7d"');
    expect(text).toContain('"examples":["127.0.0.1:8000"]');
    expect(schema).toMatchObject({
      definitions: { connector_queue: { properties: { password: { writeOnly: true } } } },
    });
    expect(text).not.toContain('"secret"');
  });

  it('accepts a pipeline with everything in it', () => {
    right(`
name: test
include: [topologies/*.yml]
settings:
  dead_letter: rejected
  status: status
  shutdown: 5s
  write_timeout: 15s
  limits: { lane_batches: 4, lane_bytes: 1MiB, topology_batches: 16, topology_bytes: 4MiB }
connectors:
  ticks: { type: queue, servers: "localhost:9092", topic: t, tls: { ca: ca.pem } }
  http: { type: door, listen: "127.0.0.1:8000" }
topologies:
  flow:
    description: Something.
    autostart: false
    dead_letter: none
    source: { connector: ticks, group: flow, from: earliest }
    operators:
      - require: 'price > 0.0'
      - rolling: { window: 50, by: symbol }
    sinks:
      - connector: ticks
      - { connector: http, name: second, after: ticks, best_effort: true, depth: 5, operators: [{ map: { a: 'a' } }] }
  api:
    source: http
    routes:
      GET /all: [{ map: { a: 'a' } }, { reply: { as: all } }]
`);
  });
});

describe('the schema of a connector', () => {
  it('knows the options of its type, and no others', () => {
    right(pipeline({ connector: ', retention: 1h' }));
    expect(complaints(pipeline({ connector: ', retentoin: 1h' }))).toEqual(['/connectors/ticks']);
    wrong(pipeline({ connector: ', retention: soon' }));
    wrong(pipeline({ connector: ', compression: zip' }));
    wrong(pipeline({ connector: ', tls: { verfy: true }' }));
  });

  it('wants a known type, and what the type requires', () => {
    wrong('name: a\nconnectors: { x: { type: quue } }');
    wrong('name: a\nconnectors: { x: { servers: "a:1" } }');
    wrong('name: a\nconnectors: { x: { type: queue, servers: "a:1" } }');
    right('name: a\nconnectors: { x: { type: queue, servers: "a:1", topic: b } }');
  });

  it('lets an overlay leave out the type and what the pipeline has, and remove an option or an entry', () => {
    right('connectors: { x: { type: queue, servers: "a:1" } }');
    right('connectors: { x: { retention: 1h, compression: gzip, tls: null } }');
    right('connectors: { x: { type: queue, partitions: null, retention: null, compression: null }, y: null }');
    right('settings: { dead_letter: null, limits: null }');
    wrong('connectors: { x: { retentoin: 1h } }');
    wrong('connectors: { x: { retention: soon } }');
  });
});

describe('the schema of a topology', () => {
  it('wants a source and exactly one of sink, sinks and routes', () => {
    wrong(pipeline({ topology: 'sink: ticks' }));
    wrong(pipeline({ topology: 'source: ticks' }));
    wrong(pipeline({ topology: 'source: ticks\n    sink: ticks\n    sinks: [{ connector: ticks }]' }));
    wrong(pipeline({ topology: 'source: ticks\n    operators: []\n    routes: { GET /a: [] }' }));
    wrong(pipeline({ topology: 'source: ticks\n    sink: ticks\n    sinc: ticks' }));
  });

  it('knows the options of each role at its place', () => {
    right(pipeline({ topology: 'source: { connector: ticks, from: earliest }\n    sink: { connector: h, depth: 1 }' }));
    wrong(pipeline({ topology: 'source: { connector: ticks, depth: 1 }\n    sink: ticks' }));
    wrong(pipeline({ topology: 'source: ticks\n    sink: { connector: ticks, from: earliest }' }));
    wrong(pipeline({ topology: 'source: ticks\n    sinks: [{ connector: ticks, from: earliest }]' }));
    wrong(pipeline({ topology: 'source: { from: earliest }\n    sink: ticks' }));
  });

  it('says whose option it is where connectors share a name', () => {
    const flow = JSON.stringify(schema['definitions']);
    expect(flow).toContain('queue: Where a new group begins.\\n\\ndoor: Prefix of the paths.');
  });

  it('takes operators one key at a time, with their options, request operators in routes only', () => {
    const operators = (list: string) => pipeline({ topology: `source: t\n    sink: t\n    operators: ${list}` });
    right(operators("[{ require: 'a' }, { rolling: { window: 5, by: s } }]"));
    wrong(operators("[{ require: 'a', rolling: { window: 5, by: s } }]"));
    wrong(operators('[{ rolling: { window: 5 } }]'));
    wrong(operators('[{ rolling: { window: five, by: s } }]'));
    wrong(operators('[{ roling: { window: 5, by: s } }]'));
    wrong(operators('[{}]'));
    wrong(operators('[{ reply: {} }]'));
    right(pipeline({ topology: 'source: t\n    routes: { "GET /a": [{ reply: {} }] }' }));
    wrong(pipeline({ topology: 'source: t\n    routes: { "/a": [{ reply: {} }] }' }));
  });
});

describe('interpolation in the schema', () => {
  it('is fine wherever a number, a boolean, a choice or a format is expected', () => {
    right(
      pipeline({
        connector: `, partitions: "${env('N:-6')}", compression: "${env('C:-gzip')}", retention: "${env('R')}"`,
      }),
    );
    right(pipeline({ connector: `, tls: { verify: "${env('VERIFY:-true')}" }` }));
    right(pipeline({ topology: `source: "${env('FEED:-ticks')}"\n    sink: ticks\n    autostart: "${env('AUTO')}"` }));
    right(
      pipeline({ topology: `source: t\n    sink: t\n    operators: [{ rolling: { window: "${env('W')}", by: s } }]` }),
    );
    right(pipeline({ topology: `source: { connector: t, from: "${env('FROM')}" }\n    sink: t` }));
    right(
      `settings: { shutdown: "${env('S:-5s')}", limits: { lane_batches: "${env('B:-16')}", lane_bytes: "${env('M')}" } }`,
    );
  });

  it('opens no door for text without it', () => {
    wrong(pipeline({ connector: ', partitions: "6"' }));
    wrong(pipeline({ connector: ', tls: { verify: "yes" }' }));
    wrong('settings: { shutdown: $S }');
  });
});
