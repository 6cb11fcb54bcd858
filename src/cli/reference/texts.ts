// Texts and examples of docs/reference/pipeline.md that no declaration has. A test validates each example, and fills in
// each variable.

interface VariableForm {
  readonly form: string;
  readonly meaning: string;
  readonly example: string;
  readonly env: Readonly<Record<string, string>>;
  /** Undefined when it is a mistake. */
  readonly gives: string | undefined;
}

const form = (text: string) => `\${${text}}`;

/** How variables are written. */
export const variableForms: readonly VariableForm[] = [
  {
    form: form('NAME'),
    meaning: 'the value; a mistake when it is not set, where the value is used',
    example: form('FINNHUB_TOKEN'),
    env: { FINNHUB_TOKEN: 'abc' },
    gives: 'abc',
  },
  {
    form: form('NAME:-default'),
    meaning: 'the value, or the default when it is not set or empty',
    example: `${form('TCP_HOST:-127.0.0.1')}:8888`,
    env: {},
    gives: '127.0.0.1:8888',
  },
  {
    form: form('NAME:-default'),
    meaning: 'a default may hold variables itself',
    example: form(`VWAP_FEED:-127.0.0.1:${form('TCP_PORT:-8888')}`),
    env: { TCP_PORT: '9999' },
    gives: '127.0.0.1:9999',
  },
  {
    form: form('NAME:?message'),
    meaning: 'the value, or a mistake with this message when it is not set or empty',
    example: form('FINNHUB_TOKEN:?get a key from finnhub.io'),
    env: {},
    gives: undefined,
  },
  {
    form: '$${',
    meaning: `a literal \`\${\``,
    example: '$${NAME}',
    env: {},
    gives: form('NAME'),
  },
];

const market = '  market: { type: mock, symbols: [AAPL, MSFT] }';
const ticks = '  ticks: { type: sqlite_log, path: data/log.db, topic: ticks }';
const rejected = '  rejected: { type: sqlite_log, path: data/log.db, topic: rejected }';
const trades =
  '  trades: { type: sqlite_table, path: data/store.db, table: trades, fields: { id: string, symbol: string, price: double }, unique: id }';
const explode = '      - explode: { field: data, as: { symbol: s, price: p, time: t, volume: v } }';
const key = '      - idempotency_key: { as: id, from: "{topic}-{partition}-{offset}-{index}" }';

/** Whole pipelines; where one has several files, with `---` between them, each begins with its name in a comment. */
export const pipelineExamples = {
  file: `name: ticker                  # the least that runs: a market, and its frames on the terminal
include: []
settings: {}
connectors:
${market}
  out: { type: stdout }
topologies:
  show:
    source: market
    sink: out`,

  settings: `settings:
  dead_letter: rejected
  status: status
  shutdown: 10s
  write_timeout: 15s
  limits: { lane_batches: 2, lane_bytes: 8MiB, topology_batches: 256, topology_bytes: 64MiB }
connectors:
${market}
${ticks}
${rejected}
  status:
    type: sqlite_table
    path: data/store.db
    table: status
    fields: { process: string, at: date, snapshot: string }
    unique: process
    expire: 10s
topologies:
  ingestor: { source: market, sink: ticks }`,

  connectors: `connectors:
  market: { type: mock, symbols: [AAPL, MSFT], rate: 50/s, seed: 42 }
  recording:
    type: file
    path: data/trades.ndjson
topologies:
  record: { source: market, sink: recording }`,

  topologies: `connectors:
${market}
${rejected}
  out: { type: stdout }
topologies:
  simulation:
    description: Prices of the mock market that are above 100.
    autostart: false
    dead_letter: rejected
    source: market
    operators:
${explode}
      - filter: 'price > 100.0'
    sink: out
  everything: { source: market, sink: out }`,

  usage: `connectors:
${ticks}
  out: { type: stdout }
topologies:
  show:
    source: { connector: ticks, group: show, from: latest, warm_up: 100 }
    sink: out`,

  sinks: `connectors:
${ticks}
${trades}
  symbols: { type: sqlite_table, path: data/store.db, table: symbols, fields: { symbol: string, trades: int64 }, unique: symbol }
  feed: { type: tcp, listen: "127.0.0.1:8888" }
topologies:
  processor:
    source: { connector: ticks, group: processor }
    operators:
${explode}
${key}
    sinks:
      - connector: trades
      - connector: symbols
        name: counters
        after: trades
        operators:
          - metadata_upsert: { by: symbol, count: trades }
      - connector: feed
        best_effort: true`,

  routes: `connectors:
  trades:
    type: sqlite_table
    path: data/store.db
    table: trades
    fields: { id: string, symbol: string, price: double, time: date }
    unique: id
    indexes: [[symbol, -time, -_id]]
  http: { type: rest, listen: "127.0.0.1:8000" }
topologies:
  api:
    source: http
    routes:
      GET /api/v1/trades/{symbol}:
        - params: { limit: { type: integer, minimum: 1, maximum: 500, default: 15 }, before: { type: cursor } }
        - find: { in: trades, where: { symbol: "{symbol}" }, sort: [-time, -_id], page: { limit: "{limit}", before: "{before}" } }
        - map: { timestamp: 'iso(time)', price: 'price' }
        - reply: { as: data, pagination: true }`,

  deadLetter: `settings: { dead_letter: rejected }
connectors:
${ticks}
${rejected}
  out: { type: stdout }
topologies:
  strict:                     # what it rejects goes to \`rejected\`
    source: { connector: ticks, group: strict }
    operators:
      - require: 'type == "trade"'
    sink: out
  careless:                   # what it rejects is logged and counted
    source: { connector: ticks, group: careless }
    dead_letter: none
    operators:
      - require: 'type == "trade"'
    sink: out`,

  guarantee: `settings: { dead_letter: rejected }
connectors:
${ticks}
${rejected}
${trades}
topologies:
  store:
    guarantee: effectively_once  # without \`unique\` of \`trades\` this would be refused
    source: { connector: ticks, group: store }
    operators:\n${explode}\n${key}
    sink: trades`,

  include: `# pipeline.yml
include: [topologies/*.yml]
connectors:
${market}
---
# topologies/show.yml
connectors:
  out: { type: stdout }
topologies:
  show: { source: market, sink: out }`,

  plugins: `plugins: [./operators/spread.js]
connectors:
${market}
  out: { type: stdout }
topologies:
  show: { source: market, operators: [{ spread: { field: data } }], sink: out }`,

  profile: `# pipeline.yml
profile: production
connectors:
${market}
${ticks}
topologies:
  ingestor: { source: market, sink: ticks }
---
# config/production.yml
settings: { shutdown: 30s }
connectors:
  market: { rate: 500/s }                                  # merged with what the pipeline has
  ticks: { type: kafka, brokers: "kafka-1:9092,kafka-2:9092" }   # another type: only \`topic\` stays`,

  variables: `connectors:
  finnhub: { type: finnhub, token: "${form('FINNHUB_TOKEN:-none')}", symbols: [AAPL] }
  feed: { type: tcp, listen: "${form('TCP_HOST:-127.0.0.1')}:${form('TCP_PORT:-8888')}" }
topologies:
  relay: { source: finnhub, sink: feed }`,

  templates: `connectors:
${ticks}
${trades}
topologies:
  store:
    source: { connector: ticks, group: store }
    operators:
      - explode: { field: data, as: { symbol: s, price: p, received: "{received}" } }
${key}
    sink: trades`,
};
