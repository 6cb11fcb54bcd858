import { type BrokenSpec, withOperators, withRoutes, withSinks, withTopologies } from './texts.ts';

/** Mistakes of topologies, their operators and their branches. */
export const brokenTopologies: readonly BrokenSpec[] = [
  // topologies
  ['a topology that is a list', withTopologies('  t: ‸[mock, log]'), 'expected a map'],
  ['a topology without source', withTopologies('  ‸t: { sink: log }'), 'lacks "source"'],
  ['a topology without sink', withTopologies('  ‸t: { source: mock }'), 'lacks "sink" or "sinks"'],
  ['a sink misspelt', withTopologies('  t: { source: mock, ‸snik: log }'), 'did you mean "sink"'],
  ['sink and sinks', withTopologies('  t: { source: mock, sink: log, ‸sinks: [log] }'), 'beside "sink"'],
  ['an unknown source', withTopologies('  t: { source: ‸mok, sink: log }'), 'did you mean "mock"'],
  ['an unknown sink', withTopologies('  t: { source: mock, sink: ‸lgo }'), 'unknown connector "lgo"'],
  ['a source that is a sink', withTopologies('  t: { source: ‸table, sink: log }'), 'cannot be a source'],
  ['a sink that is a source', withTopologies('  t: { source: mock, sink: ‸mock }'), 'cannot be a sink'],
  ['a server as source, by its options', withTopologies('  t: { source: ‸feed, sink: log }'), 'cannot be a source'],
  [
    'an option of a role',
    withTopologies('  t: { source: { connector: log, group: g, ‸form: latest }, sink: log }'),
    'did you mean "from"',
  ],
  ['an option of a role that lacks', withTopologies('  t: { source: ‸log, sink: letters }'), 'lacks "group"'],
  [
    'a choice of a role',
    withTopologies('  t: { source: { connector: log, group: g, from: ‸first }, sink: log }'),
    '`earliest`',
  ],
  ['a source without connector', withTopologies('  t: { source: ‸{ group: g }, sink: log }'), 'lacks "connector"'],
  [
    'routes without requests',
    withTopologies('  t: { source: mock, sink: log, ‸routes: { GET /: [{ reply: { as: r } }] } }'),
    'source of requests',
  ],
  ['requests without routes', withTopologies('  ‸t: { source: http }'), 'lacks "routes"'],
  ['requests into a sink only', withTopologies('  t: { source: http, ‸sink: log }'), 'no meaning'],
  [
    'routes only, without requests',
    withTopologies('  t: { source: mock, ‸routes: { GET /: [{ reply: { as: r } }] } }'),
    'source of requests',
  ],
  ['requests with a sink', withRoutes('      GET /: [{ reply: { as: r } }]\n    ‸sink: log'), 'no meaning'],
  [
    'a dead letter of requests',
    withRoutes('      GET /: [{ reply: { as: r } }]\n    dead_letter: ‸letters'),
    'error reply',
  ],
  [
    'a dead letter that is the source',
    withTopologies('  t: { source: { connector: log, group: g }, sink: feed, dead_letter: ‸log }'),
    'source and its dead letter',
  ],
  [
    'autostart that is text',
    withTopologies('  t: { source: mock, sink: log, autostart: ‸yes }'),
    'true or false, got "yes"',
  ],
  // operators
  ['an unknown operator', withOperators('      - ‸explod: { field: data }'), 'did you mean "explode"'],
  [
    'operators that are a map',
    withTopologies('  t: { source: mock, sink: log, operators: ‸{ explode: { field: data } } }'),
    'list of operators',
  ],
  ['an option of an operator', withOperators('      - explode: { ‸feld: data }'), 'did you mean "field"'],
  ['options at the wrong depth', withOperators('      - explode:\n        ‸field: data'), 'indent the options'],
  ['an operator without its options', withOperators('      - ‸explode'), 'lacks "field"'],
  ['an operator with an empty condition', withOperators('      - ‸require:'), 'expected text, got nothing'],
  ['an operator for requests only', withOperators('      - ‸reply: { as: r }'), 'routes only'],
  [
    'an expression over a field that is not there',
    withOperators("      - explode: { field: data, as: { p: p } }\n      - map: { price: ‸'prize' }"),
    'there is no field prize',
  ],
  [
    'a field that the table lacks',
    withOperators('      - explode: { field: data, as: { symbol: s, prize: p } }', '‸table'),
    '"price"',
  ],
  [
    'counters that go on',
    withOperators(
      '      - ‸metadata_upsert: { by: symbol, count: n }\n      - split: { field: data, by: s }',
      'counts',
    ),
    'last operator before a sink',
  ],
  [
    'counters into a log',
    withOperators('      - metadata_upsert: { by: symbol, count: n }', '‸log'),
    'cannot update rows',
  ],
  // branches
  ['a branch without connector', withSinks('      - ‸best_effort: false'), 'lacks "connector"'],
  [
    'a branch after nobody',
    withSinks('      - connector: log\n      - { connector: letters, after: ‸lgo }'),
    'did you mean "log"',
  ],
  [
    'a branch after a later one',
    withSinks('      - { connector: log, after: ‸letters }\n      - connector: letters'),
    'must come before',
  ],
  ['a branch after itself', withSinks('      - { connector: log, after: ‸log }'), 'itself'],
  [
    'a branch after a best effort',
    withSinks('      - { connector: log, best_effort: true }\n      - { connector: letters, after: ‸log }'),
    'best_effort',
  ],
  [
    'best efforts only',
    withSinks('      - { connector: log, best_effort: true }').replace('sinks:', '‸sinks:'),
    'every sink is best_effort',
  ],
  [
    'two branches of one name',
    withSinks('      - connector: log\n      - connector: ‸log'),
    'two sinks have the name "log"',
  ],
  [
    'counters that another sink stands after',
    withSinks(
      '      - connector: counts\n        operators: [{ metadata_upsert: { by: symbol, count: n } }]\n      - { connector: ‸log, after: counts }',
    ),
    'cannot update rows',
  ],
  [
    "a field that the messages of the sink before don't have",
    withSinks(
      "      - connector: log\n        operators: [{ explode: { field: data, as: { symbol: s } } }]\n      - { connector: feed, after: log, operators: [{ filter: ‸'price > 0.0' }] }",
    ),
    'there is no field price',
  ],
];
