/** The smallest pipeline that stores something, its test, and what they are for, in their comments. */
export const minimal: Readonly<Record<string, string>> = {
  'pipeline.yml': `# One topology: trades of a mock market into a table, and a line with the average price of each.
# "fdp validate" checks this file, "fdp explain" says what it guarantees, "fdp test" runs pipeline.test.yml.
name: first-pipeline

connectors:                                   # what is outside, by name; all types: fdp list connectors
  market: { type: mock, symbols: [AAPL, MSFT, NVDA], rate: 5/s }
  rejected: { type: sqlite_log, path: data/log.db, topic: rejected }
  trades:
    type: sqlite_table
    path: data/store.db
    table: trades
    fields: { symbol: string, price: decimal, volume: decimal, time: date }
    indexes: [[symbol, -time]]
  prices: { type: stdout }

topologies:                                   # a source, operators (fdp list operators), and one or more sinks
  market:
    source: market
    dead_letter: rejected                     # where messages go that can't be used: fdp dead-letters list
    operators:
      - explode: { field: data, as: { symbol: s, price: p, volume: v, time: t } }   # a message for each trade
      - require: 'price > 0.0 && volume >= 0.0'                                     # others are dead letters
    sinks:
      - connector: trades                     # fdp export trades --symbol AAPL
      - connector: prices
        operators:
          - vwap: { window: 50, by: symbol }  # the average of the last 50 trades, weighted by volume
          - map: { time: 'iso(time)', symbol: 'symbol', price: 'price', vwap: 'vwap' }
`,
  'pipeline.test.yml': `# "fdp test" runs these in memory, on a virtual clock; tests are separated by ---.
name: a trade is stored, and printed with the average price of its symbol
topology: market
input:
  - message: { type: trade, data: [{ s: AAPL, p: 10, v: 1, t: 1763640000000 }, { s: AAPL, p: 20, v: 3, t: 1763640000500 }] }
expect:
  trades: [{ symbol: AAPL, price: 10 }, { symbol: AAPL, price: 20 }]
  prices: [{ symbol: AAPL, price: 10, vwap: 10 }, { symbol: AAPL, price: 20, vwap: 17.5 }]
---
name: what is no trade is a dead letter, and stops nothing
topology: market
input:
  - message: { type: trade, data: [{ s: AAPL, p: -1, v: 1, t: 1763640000000 }, { s: AAPL, p: 20, v: 3, t: 1763640000500 }] }
expect:
  trades: [{ price: 20 }]
  dead_letters: [{ code: FDP_MESSAGE_INVALID }]
---
name: a table that fails every second write loses nothing
topology: market
input: { mock: { trades: 100, symbols: [AAPL] } }
faults: [{ sink: trades, fail: { every: 2 } }]
expect: { trades: 100, dead_letters: 0 }
`,
};
