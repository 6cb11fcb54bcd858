import { describe, expect, it } from 'vitest';
import { brief, readText } from '../../support/pipeline/spec.ts';

const connectors = `connectors:
  market: { type: mock, symbols: [A] }
  ticks: { type: sqlite_log, path: log.db, topic: ticks }
  rejected: { type: sqlite_log, path: log.db, topic: rejected }
  trades: { type: sqlite_table, path: store.db, table: trades, unique: id }
  plain: { type: sqlite_table, path: store.db, table: plain }
  brief: { type: sqlite_table, path: store.db, table: brief, unique: id, expire: 1h }
  counters: { type: sqlite_table, path: store.db, table: counters, unique: symbol }
  feed: { type: tcp, listen: "127.0.0.1:9002" }
  http: { type: rest, listen: "127.0.0.1:8000" }
  gone: { type: memory_log, topic: rejected }
topologies:
  t:
`;
/** Line 15 is the one after `t:`. */
const problemsOf = (topology: string, settings = 'settings: { dead_letter: rejected }\n') => {
  const { problems } = readText(`${settings}${connectors}${topology}`);
  const found = brief(problems);
  return found.map((text, index) => [text, problems[index]?.hint]);
};
const ticks = '    source: { connector: ticks, group: g, warm_up: 5m }\n';
const effectively = '    guarantee: effectively_once\n';

describe('guarantee', () => {
  it('is no problem where it is kept, and anything may follow a branch that is best effort', () => {
    const topology = `${effectively}${ticks}    operators:
      - filter: 'price > 0.0'
      - vwap: { window: 5m, by: symbol }
    sinks:
      - trades
      - { connector: counters, after: trades, operators: [{ metadata_upsert: { by: symbol, count: n } }] }
      - { connector: feed, best_effort: true }
`;
    expect(problemsOf(topology)).toEqual([]);
    expect(problemsOf(`    guarantee: at_least_once\n${ticks}    sinks: [plain, ticks]\n`)).toEqual([]);
  });

  it.each([
    [
      'a source that can not be read again',
      `${effectively}    source: market\n    dead_letter: rejected\n    sink: trades\n`,
      '16:13 t: "market" keeps no more than at most once, and `guarantee` in line 15 is effectively_once: what was under way when the process ended is not given again',
      'read from the log that it is written to, or leave out `guarantee`',
    ],
    [
      'a table that knows no row',
      `${effectively}${ticks}    sink: plain\n`,
      '17:11 t: "plain" keeps no more than at least once, and `guarantee` in line 15 is effectively_once: without `unique` a row is stored again when its message is read again',
      'set `unique` to a field that identifies the message, such as one that `idempotency_key` adds, or declare `guarantee: at_least_once`',
    ],
    [
      'a table whose rows expire',
      `${effectively}${ticks}    sink: brief\n`,
      '17:11 t: "brief" keeps no more than at least once, and `guarantee` in line 15 is effectively_once: a row that has expired is stored again when its message is read again',
      'leave out `expire`, or declare `guarantee: at_least_once`',
    ],
    [
      'a broadcast',
      `    guarantee: at_least_once\n${ticks}    sinks: [trades, feed]\n`,
      '17:21 t: "feed" keeps no more than at most once, and `guarantee` in line 15 is at_least_once: no client confirms a line, and each gets what is sent while it is connected',
      'let clients that need every message read the log, or leave out `guarantee`',
    ],
    [
      'a window that no warm-up restores',
      `${effectively}${ticks}    operators:\n      - vwap: { window: 6m, by: symbol }\n    sink: trades\n`,
      '18:9 t: "vwap" keeps no more than at least once, and `guarantee` in line 15 is effectively_once: its windows begin empty after a restart, so that a value may be made of fewer trades',
      'let the source have a `warm_up` of 6m or more, or declare `guarantee: at_least_once`',
    ],
    [
      'no dead letter',
      `${effectively}    dead_letter: none\n${ticks}    sink: trades\n`,
      '14:3 t: "dead_letter: none" keeps no more than at most once, and `guarantee` in line 15 is effectively_once: a message that is rejected is logged and counted, and kept nowhere',
      'name a `dead_letter`, or leave out `guarantee`',
    ],
    [
      'a dead letter that is gone after a restart',
      `${effectively}    dead_letter: gone\n${ticks}    sink: trades\n`,
      '16:18 t: "gone" keeps no more than at most once, and `guarantee` in line 15 is effectively_once: its content ends with the process',
      'use the type of the same family that has a file or a server, or leave out `guarantee`',
    ],
    [
      'requests',
      `    guarantee: at_least_once\n    source: http\n    routes:\n      GET /a: [{ find: { in: trades } }, { reply: { as: data } }]\n`,
      '16:13 t: "http" keeps no more than at most once, and `guarantee` in line 15 is at_least_once: a request that fails is answered with an error; its client may send it again, fdp does not',
      'leave out `guarantee`',
    ],
  ])('refuses %s, with the position of the weakest hop and the cure', (_what, topology, text, hint) => {
    expect(problemsOf(topology)).toEqual([[text, hint]]);
  });

  it('names every hop that is too weak, and is silent beside other mistakes', () => {
    const weak = `${effectively}${ticks}    operators:\n      - dedupe: { key: "{id}" }\n    sinks: [plain, feed]\n`;
    expect(problemsOf(weak).map(([text]) => text?.split(' keeps')[0])).toEqual([
      '18:9 t: "dedupe"',
      '19:13 t: "plain"',
      '19:20 t: "feed"',
    ]);
    expect(problemsOf(weak.replace('key: "{id}"', 'kee: "{id}"')).map(([text]) => text)).toEqual([
      '18:19 dedupe: unknown option "kee"',
    ]);
    expect(problemsOf(weak.replace('effectively_once', 'exactly_once')).map(([text]) => text)).toEqual([
      expect.stringContaining('15:16'),
    ]);
  });
});
