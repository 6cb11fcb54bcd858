/** Marks the character that a problem must point at. */
export const marker = '‸';

const usual = `connectors:
  mock: { type: mock, symbols: [A] }
  log: { type: kafka, brokers: "b:1", topic: t }
  letters: { type: kafka, brokers: "b:1", topic: l }
  table: { type: mongodb, url: "mongodb://x", database: d, collection: c, fields: { symbol: string, price: decimal } }
  counts: { type: mongodb, url: "mongodb://x", database: d, collection: n, fields: { symbol: string, n: int64 }, unique: symbol }
  http: { type: rest, listen: "127.0.0.1:8000" }
  feed: { type: tcp, listen: "127.0.0.1:8888" }
`;
const flow = `topologies:
  t: { source: mock, sink: log }
`;

/** The usual connectors, further ones, and a valid topology. */
const withConnectors = (more: string): string => `${usual}${more}\n${flow}`;
/** The usual connectors, and topologies. */
export const withTopologies = (topologies: string): string => `${usual}topologies:\n${topologies}\n`;
const withOperators = (operators: string, sink = 'log'): string =>
  withTopologies(`  t:\n    source: mock\n    operators:\n${operators}\n    sink: ${sink}`);
const withSinks = (sinks: string): string => withTopologies(`  t:\n    source: mock\n    sinks:\n${sinks}`);
const withRoutes = (routes: string): string => withTopologies(`  t:\n    source: http\n    routes:\n${routes}`);
const withSettings = (settings: string): string => `${usual}${flow}settings: ${settings}\n`;

/** The mistake, the text with a marker at each expected position, and a part of each message or hint, in order. */
type BrokenSpec = readonly [title: string, text: string, ...parts: readonly string[]];

export const brokenSpecs: readonly BrokenSpec[] = [
  // YAML
  ['a tag by mistake', withOperators('      - require: ‸!has(x)'), 'quote'],
  ['a key twice', withConnectors('  ‸mock: { type: mock, symbols: [B] }'), '"mock" stands here twice'],
  ['a key twice, deep down', withConnectors('  m: { type: mock, symbols: [B], ‸symbols: [C] }'), 'line 9'],
  ['an alias without anchor', withConnectors('  m: { type: mock, symbols: ‸*nobody }'), '&nobody'],
  ['an alias in its own anchor', withConnectors('  m: { type: mock, symbols: &s [‸*s] }'), 'own anchor'],
  ['a tab as indentation', 'connectors:\n‸\tmock: 1\n', 'spaces'],
  ['an open quote', 'name: ‸"x\n', 'quote'],
  ['an open bracket', 'connectors:\n  a: [1, 2\n‸topologies: {}\n', 'closed'],
  ['a variable without quotes in braces', 'connectors:\n  a: { type: x, token: $‸{TOKEN} }\n', 'within braces'],
  ['a template without quotes', 'connectors:\n  a: {topic}‸-{partition}\n', 'quoted'],
  ['a colon in plain text', 'connectors:\n  a: ‸b: c\n', 'quoted'],
  ['a reserved character', 'name: ‸@home\n', 'quote the text'],
  ['two documents', `${usual}${flow}‸---\nname: second\n`, 'second document'],
  [
    'a number that is too long',
    withConnectors('  m: { type: mock, symbols: [B], seed: ‸12345678901234567890 }'),
    'too large',
  ],
  ['a key that is a list', withConnectors('  ? ‸[a, b]\n  : c'), 'key must be plain text'],
  ['no map at all', '‸- a\n- b\n', 'expected a map'],
  // the outermost keys
  ['an unknown section', `‸connector: {}\n${usual}${flow}`, 'did you mean "connectors"'],
  [
    'a section that is a list',
    `connectors: ‸[a]\n${flow.replace('mock', '‸mock').replace(': log', ': ‸log')}`,
    'expected a map',
    'unknown',
    'unknown',
  ],
  ['an include that is no list', `include: ‸more.yml\n${usual}${flow}`, 'list of files'],
  ['an include that matches nothing', `include: [‸none/*.yml]\n${usual}${flow}`, 'no file matches none/*.yml'],
  ['an include that is not there', `include: [‸more.yml]\n${usual}${flow}`, 'no such file'],
  ['an include with * in a folder', `include: ["‸*/more.yml"]\n${usual}${flow}`.replace('"‸', '‸"'), 'last part'],
  ['a name that is a list', `name: ‸[a]\n${usual}${flow}`, 'expected text, got a list'],
  // a key by another name, and types that a condition determines
  [
    'a source by the wrong key',
    withTopologies('  t: { source: { ‸conector: mock }, sink: log }'),
    'did you mean "connector"',
  ],
  [
    'a sink by the wrong key',
    withTopologies('  t: { source: mock, sinks: [{ ‸conector: log }] }'),
    'did you mean "connector"',
  ],
  // settings
  ['a setting by the wrong name', withSettings('{ ‸shutdwn: 5s }'), 'did you mean "shutdown"'],
  ['a duration without unit', withSettings('{ shutdown: ‸5 }'), 'got 5'],
  ['a duration with a wrong unit', withSettings('{ write_timeout: ‸5sec }'), '500ms'],
  ['a limit that is too small', withSettings('{ limits: { lane_batches: ‸0 } }'), 'at least 1'],
  ['a dead letter that is not there', withSettings('{ dead_letter: ‸leters }'), 'did you mean "letters"'],
  ['a dead letter that is no sink', withSettings('{ dead_letter: ‸mock }'), 'be a sink'],
  ['a status that is no table', withSettings('{ status: ‸log }'), 'not a table'],
  // connectors
  ['a connector without type', withConnectors('  ‸m: { symbols: [B] }'), 'lacks "type"'],
  ['an unknown type', withConnectors('  m: { type: ‸kafak, brokers: x }'), 'did you mean "kafka"'],
  ['a type that is no text', withConnectors('  m: { type: ‸7 }'), 'name of a connector type'],
  ['a connector that is text', withConnectors('  m: ‸mock'), 'expected a map'],
  ['a connector named none', withConnectors('  ‸none: { type: mock, symbols: [B] }'), 'name of a connector'],
  ['a connector named badly', withConnectors('  ‸my mock: { type: mock, symbols: [B] }'), 'begins with a letter'],
  ['an unknown option', withConnectors('  m: { type: mock, symbols: [B], ‸rat: 5/s }'), 'did you mean "rate"'],
  ['an option that lacks', withConnectors('  ‸m: { type: mock }'), 'lacks "symbols"'],
  ['an option misspelt that would lack', withConnectors('  m: { type: mock, ‸symbls: [B] }'), 'did you mean "symbols"'],
  ['a list that is text', withConnectors('  m: { type: mock, symbols: ‸A }'), 'expected a list, got "A"'],
  ['an empty list', withConnectors('  m: { type: mock, symbols: ‸[] }'), 'at least 1 item'],
  ['a number in a list of text', withConnectors('  m: { type: mock, symbols: [A, ‸7] }'), 'm.symbols[1]'],
  ['a rate that is none', withConnectors('  m: { type: mock, symbols: [A], rate: ‸fast }'), '50/s'],
  ['a whole number with a fraction', withConnectors('  m: { type: mock, symbols: [A], seed: ‸1.5 }'), 'whole number'],
  ['a number in quotes', withConnectors('  m: { type: mock, symbols: [A], seed: ‸"7" }'), 'whole number, got "7"'],
  ['an address without port', withConnectors('  w: { type: rest, listen: ‸localhost }'), '127.0.0.1:8888'],
  ['a choice that is none', withConnectors('  k: { type: kafka, brokers: "b:1", topic: t, buffer: ‸dsk }'), '"disk"'],
  [
    'an option deep down',
    withConnectors('  k: { type: kafka, brokers: "b:1", topic: t, tls: { ‸sever_name: x } }'),
    'k.tls: unknown',
  ],
  [
    'text that a pattern refuses',
    withConnectors('  m: { type: mongodb, url: ‸http://x, database: d, collection: c }'),
    'mongodb://',
  ],
  ['one of two options, none given', withConnectors('  ‸f: { type: tcp }'), 'exactly one of `listen`'],
  [
    'one of two options, both given',
    withConnectors('  ‸f: { type: tcp, listen: "127.0.0.1:1", connect: "b:2" }'),
    'exactly one of `listen`',
  ],
  [
    "a component's own check",
    withConnectors(
      '  m: { type: mongodb, url: "mongodb://x", database: d, collection: c, fields: { a: string }, unique: ‸b }',
    ),
    'expected one of a, got "b"',
  ],
  ['a merge key', withConnectors('  m: { type: mock, symbols: [A], ‸<<: { seed: 1 } }'), 'merge keys'],
  [
    'a number for a choice of text',
    withConnectors('  k: { type: kafka, brokers: "b:1", topic: t, buffer: ‸1 }'),
    '"none" or "disk", got 1',
  ],
  [
    'a map over several lines for text',
    withConnectors('  k: { type: kafka, topic: t,\n    brokers: ‸{ a: b } }'),
    'got a map',
  ],
  ['a block for text', withConnectors('  k:\n    type: kafka\n    topic: t\n    ‸brokers:\n      - b:1'), 'got a list'],
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
  // routes
  ['a route that is none', withRoutes('      ‸FETCH /x: [{ reply: { as: r } }]'), 'is not a route'],
  ['a route without slash', withRoutes('      ‸GET x: [{ reply: { as: r } }]'), 'GET /path'],
  [
    'the same route twice',
    withRoutes('      GET /{a}: [{ reply: { as: r } }]\n      ‸GET /{b}: [{ reply: { as: r } }]'),
    'same route as "GET /{a}"',
  ],
  ['one parameter twice', withRoutes('      ‸GET /{a}/{a}: [{ reply: { as: r } }]'), 'two parameters'],
  ['a route without reply', withRoutes('      ‸GET /: [{ find: { in: table } }]'), 'must end in "reply"'],
  [
    'a reply too early',
    withRoutes('      GET /: [{ ‸reply: { as: r } }, { find: { in: table } }]'),
    'must be the last',
  ],
  [
    'rows in portions for a list',
    withRoutes(
      '      GET /: [{ ‸find: { in: table, sort: ‸[price, _id], stream: ‸{ at_most: 5 } } }, { reply: { as: r } }]',
    ),
    ...['passes rows on in portions', 'pages need a number or date', 'add [price] to its indexes'],
  ],
  [
    'a lookup that is not there',
    withRoutes('      GET /: [{ find: { in: ‸tabel } }, { reply: { as: r } }]'),
    'did you mean "table"',
  ],
  [
    'a lookup in a log',
    withRoutes('      GET /: [{ find: { in: ‸log } }, { reply: { as: r } }]'),
    'cannot be a lookup',
  ],
  [
    'a parameter of no kind',
    withRoutes('      GET /: [{ params: { x: { type: ‸flot } } }, { reply: { as: r } }]'),
    '"time" or "cursor", got "flot"',
  ],
  [
    'an option of a parameter',
    withRoutes('      GET /: [{ params: { x: { type: integer, ‸minimun: 1 } } }, { reply: { as: r } }]'),
    'did you mean "minimum"',
  ],
  // variables
  ['a variable without its end', withConnectors(`  m: { type: mock, symbols: [‸"$\{A"] }`), 'without its }'],
  ['a variable without name', withConnectors(`  m: { type: mock, symbols: [‸"$\{}"] }`), 'names no variable'],
  ['a variable in an unknown form', withConnectors(`  m: { type: mock, symbols: [‸"$\{A+x}"] }`), 'not understood'],
];
