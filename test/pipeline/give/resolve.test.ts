import { describe, expect, it } from 'vitest';
import { withTopologies } from '../../support/pipeline/broken/texts.ts';
import { brief, readText } from '../../support/pipeline/spec.ts';

describe('the plan', () => {
  it('holds the topologies that start, with everything filled in', () => {
    const text = `name: example
settings: { shutdown: 2s }
${withTopologies(`  t:
    description: From the log into the table.
    source: { connector: log, group: g, warm_up: 5 }
    operators:
      - explode: { field: data, as: { symbol: s, price: p } }
    sinks:
      - connector: table
      - connector: counts
        name: counters
        after: table
        operators:
          - metadata_upsert: { by: symbol, count: n }
      - { connector: feed, best_effort: true }
  api:
    source: http
    routes:
      GET /{symbol}: [{ find: { in: table } }, { reply: { as: data } }]
  u: { source: mock, sink: letters, autostart: false }`)}`;

    const { plan } = readText(text).resolution;

    expect(plan).toMatchObject({
      name: 'example',
      settings: {
        shutdownMs: 2000,
        writeTimeoutMs: 15_000,
        limits: { laneBatches: expect.any(Number), laneBytes: 8 * 1024 ** 2, topologyBytes: 64 * 1024 ** 2 },
      },
    });
    expect([...(plan?.connectors.keys() ?? [])].sort()).toEqual(['counts', 'feed', 'http', 'log', 'table']);
    expect(plan?.topologies).toMatchObject([
      {
        name: 't',
        description: 'From the log into the table.',
        deadLetter: undefined,
        source: { connector: 'log', usage: { group: 'g', from: 'earliest', warm_up: 5 } },
        operators: [{ declaration: { type: 'explode' }, options: { field: 'data' } }],
        branches: [
          {
            name: 'table',
            connector: 'table',
            usage: {},
            operators: [],
            input: 'rows',
            after: undefined,
            bestEffort: false,
          },
          {
            name: 'counters',
            connector: 'counts',
            input: 'merges',
            after: 'table',
            operators: [{ options: { by: 'symbol' } }],
          },
          { name: 'feed', bestEffort: true },
        ],
        routes: [],
      },
      {
        name: 'api',
        operators: [],
        branches: [],
        routes: [{ route: 'GET /{symbol}', operators: [{}, { options: { as: 'data', pagination: false } }] }],
      },
    ]);
  });

  it('holds the topologies that are named, whether they start by themselves or not', () => {
    const text = withTopologies(
      '  t: { source: mock, sink: log }\n  u: { source: mock, sink: letters, autostart: false }',
    );
    const started = (topologies: string[]) =>
      readText(text, { topologies }).resolution.plan?.topologies.map(({ name }) => name);

    expect(started([])).toEqual(['t']);
    expect(started(['u'])).toEqual(['u']);
    expect(started(['u', 't'])).toEqual(['t', 'u']);
  });

  it('is refused for a topology that does not exist, and when nothing would start', () => {
    const text = withTopologies('  trades: { source: mock, sink: log, autostart: false }');

    expect(readText(text, { topologies: ['trade'] }).problems).toEqual([
      { message: 'unknown topology "trade"', hint: 'did you mean "trades"? (topologies: trades)' },
    ]);
    expect(brief(readText(text).problems)).toEqual(['there is no topology to start']);
  });
});

describe('a role that does nothing without another one', () => {
  it('wants a topology of the same process that uses that one', () => {
    const text = withTopologies(
      '  t: { source: mock, sink: http }\n  api: { source: http, routes: { GET /: [{ reply: { as: data } }] } }',
    );
    expect(brief(readText(text).problems)).toEqual([]);
    expect(brief(readText(text, { topologies: ['api'] }).problems)).toEqual([]);
    expect(readText(text, { topologies: ['t'] }).problems).toMatchObject([
      {
        message: 't: "http" as a sink shows nothing without the topology that has it as its source',
        hint: 'start both in one process: --topology api,t',
      },
    ]);
    const alone = withTopologies('  t: { source: mock, sink: http }');
    expect(readText(alone).problems).toMatchObject([{ hint: 'no topology has it as its source' }]);
  });
});

describe('the dead letter', () => {
  const deadLetters = (topologies: string) => {
    const { resolution, problems } = readText(`settings: { dead_letter: letters }\n${withTopologies(topologies)}`);
    expect(brief(problems)).toEqual([]);
    return Object.fromEntries(
      resolution.plan?.topologies.map(({ name, deadLetter }) => [name, deadLetter?.connector]) ?? [],
    );
  };

  it('of the settings is inherited by what reads a log or writes one', () => {
    expect(
      deadLetters(`  reads: { source: { connector: log, group: g }, sink: feed }
  writes: { source: mock, sink: log }
  neither: { source: mock, operators: [{ explode: { field: d } }], sink: table }
  requests: { source: http, routes: { GET /: [{ reply: { as: data } }] } }
  not: { source: mock, sink: log, dead_letter: none }
  own: { source: mock, operators: [{ explode: { field: d } }], sink: table, dead_letter: log }`),
    ).toEqual({
      reads: 'letters',
      writes: 'letters',
      neither: undefined,
      requests: undefined,
      not: undefined,
      own: 'log',
    });
  });

  it('of the settings is refused by what reads it, unless it has one of its own', () => {
    const topology = (more: string) => `settings: { dead_letter: letters }
${withTopologies(`  t: { source: { connector: letters, group: g }, sink: feed${more} }`)}`;

    expect(brief(readText(topology('')).problems)).toEqual([
      '11:29 t: "letters" would be both its source and its dead letter',
    ]);
    expect(readText(topology(', dead_letter: none')).resolution.plan).toBeDefined();
  });
});

describe('what topologies share', () => {
  it('is no port of a server in two of them that start together', () => {
    const text = withTopologies('  t: { source: mock, sink: feed }\n  u: { source: mock, sink: feed }');

    expect(brief(readText(text).problems)).toEqual(['11:28 u: "feed" is the sink of "t" already']);
    expect(readText(text, { topologies: ['u'] }).resolution.plan).toBeDefined();
  });

  it('is no port in two connectors that start together', () => {
    const text = withTopologies(`  t: { source: mock, sink: feed }
  u: { source: mock, sink: other }`).replace(
      '\ntopologies',
      '\n  other: { type: tcp, listen: "localhost:8888" }\ntopologies',
    );

    expect(brief(readText(text).problems)).toEqual(['9:3 other: claims port 8888 on 127.0.0.1, as does "feed"']);
    expect(readText(text, { topologies: ['t'] }).resolution.plan).toBeDefined();
    const everywhere = text.replace('localhost:8888"', '0.0.0.0:8888", insecure: true');
    expect(brief(readText(everywhere).problems)).toEqual(['9:3 other: claims port 8888 on 0.0.0.0, as does "feed"']);
    expect(readText(text.replace('localhost:8888', '127.0.0.2:8888')).problems).toEqual([]);
  });
});
