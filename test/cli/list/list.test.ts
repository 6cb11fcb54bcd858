import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Listed, list } from '../../../src/cli/list/list.ts';
import { table, wrap } from '../../../src/cli/shared/text.ts';
import { FdpError } from '../../../src/errors.ts';
import { sampleComponents } from '../../support/pipeline/components.ts';

const listed: Listed = {
  ...sampleComponents,
  topologies: [
    {
      name: 'ingestor',
      description: 'Live trades into the log, one message per symbol of each frame.',
      autostart: true,
      source: 'mock',
      sinks: ['ticks'],
    },
    { name: 'simulation', description: 'Without any log.', autostart: false, source: 'mock', sinks: ['a', 'b'] },
  ],
};

function problemOf(...args: string[]): FdpError {
  try {
    list(listed, args);
  } catch (error) {
    if (error instanceof FdpError) return error;
  }
  throw new Error('nothing was thrown');
}

describe('fdp list', () => {
  it('names everything there is with one line each, aligned', () => {
    expect(list(listed, [])).toBe(
      `
connectors
  queue  source, sink          A log on a server.
  door   source, sink, lookup  Requests from outside.

operators
  map      New fields from expressions.
  reply    Answers the request.
  require  Rejects what an expression does not hold for.
  rolling  A rolling mean of each key.

topologies
  ingestor    Live trades into the log, one message per symbol of each frame.
  simulation  Without any log. (starts only when named)

fdp list NAME shows the options of one.`.trimStart(),
    );
  });

  it('names one kind, in the plural or singular', () => {
    expect(list(listed, ['operators'])).toContain('require  Rejects');
    expect(list(listed, ['operators'])).not.toContain('queue');
    expect(list(listed, ['topology'])).toBe(list(listed, ['topologies']));
  });

  it('shows a connector: options with type, default and description, nested ones below, roles, example', () => {
    expect(list(listed, ['connectors', 'queue'])).toBe(
      `
queue (connector: source, sink)
A log on a server.

options
  servers      required      address
      Where the server listens.
  topic        required      string
      Name of the topic.
      Example: raw_stock_ticks
  partitions   default 6     integer 1..1000
      Number of partitions when the topic is created. Messages with the same key
      are in the same partition.
  password                   secret
      Password of the account.
  compression  default none  none | gzip
      How batches are packed.
  retention    default 7d    duration
      How long messages are kept.
  tls                        map
      Encryption of the connection.
    ca                       path
        File with the certificate authority.
    verify     default true  boolean
        Check the certificate of the server.

as a source, beside "connector"
  group                  string
      Consumer group.
  from   default latest  earliest | latest
      Where a new group begins.

example
  ticks: { type: queue, servers: "localhost:9092", topic: raw_stock_ticks }`.trimStart(),
    );
  });

  it('shows what is special about a role', () => {
    const page = list(listed, ['connectors', 'door']);
    expect(page).toContain(
      'as a source, beside "connector"\n  (produces requests, which need a reply; at most one topology',
    );
    expect(page).toContain(
      'as a sink, beside "connector"\n  (takes merge operations; at most one topology per process',
    );
  });

  it('shows an operator whose options are one value, and one whose names the user chooses', () => {
    expect(list(listed, ['operators', 'require'])).toContain('  (value)  required  expression\n      CEL that must');
    expect(list(listed, ['operators', 'map'])).toContain('  <name>  expression\n      CEL of the field.');
    expect(list(listed, ['operators', 'reply'])).toContain('reply (operator, in routes only)');
  });

  it('shows a topology and how to run it', () => {
    expect(list(listed, ['topologies', 'simulation'])).toBe(
      `
simulation (topology)
Without any log.

  source  mock
  to      a, b
  starts  only when named

run
  fdp --topology simulation`.trimStart(),
    );
  });

  it('names an example that has no name of its own', () => {
    const connectors = sampleComponents.connectors.map((each) => ({ ...each, example: '{ type: queue, topic: t }' }));
    expect(list({ ...listed, connectors }, ['queue'])).toContain('\n  queue: { type: queue, topic: t }');
  });

  it('finds a name without its kind', () => {
    expect(list(listed, ['rolling'])).toBe(list(listed, ['operators', 'rolling']));
  });

  it('names the nearest of an unknown word, and is a usage error', () => {
    expect(problemOf('operators', 'roling')).toMatchObject({ code: 'FDP_USAGE' });
    expect(problemOf('operators', 'roling').message).toContain('did you mean "rolling"?');
    expect(problemOf('conectors').message).toContain('did you mean "connectors"?');
    expect(problemOf('operator', 'queue').message).toContain('"fdp list operators" lists them');
    expect(problemOf('opera', 'rolling').message).toContain('there is no kind "opera"');
    expect(problemOf('operators', 'rolling', 'more').code).toBe('FDP_USAGE');
  });

  it('keeps within the width, without a space at a line end', () => {
    for (const width of [60, 80, 120]) {
      for (const args of [[], ['queue'], ['door'], ['require'], ['ingestor']]) {
        const example = /^ +(ticks|http): /;
        const lines = list(listed, args, width)
          .split('\n')
          .filter((line) => !example.test(line));
        for (const line of lines) {
          expect(line.length).toBeLessThanOrEqual(width);
          expect(line).toBe(line.trimEnd());
        }
      }
    }
  });
});

describe('wrapped text', () => {
  it('keeps every character but spaces, in order, within the width', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z]{0,30}$/)), fc.integer({ min: 5, max: 40 }), (words, width) => {
        const lines = wrap(words.join(' '), width);
        expect(lines.join('').replaceAll(' ', '')).toBe(words.join(''));
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('wraps the last column under itself', () => {
    expect(
      table(
        [
          ['a', 'one two three four five six'],
          ['bcd', 'x'],
        ],
        25,
      ),
    ).toEqual(['a    one two three four', '     five six', 'bcd  x']);
  });

  it('ends no line in a space', () => {
    expect(
      table(
        [
          ['a', ''],
          ['bcd', 'x'],
        ],
        25,
      ),
    ).toEqual(['a', 'bcd  x']);
  });
});
