import { describe, expect, it } from 'vitest';
import { withoutGuarantees } from '../../support/cli/pipeline-copy.ts';
import { tested } from '../../support/cli/pipeline-tests.ts';

const trade = (at: string, price: number) =>
  `  - { at: ${at}, message: { type: trade, data: [{ s: A, p: ${price}, t: 1763640000000, v: 1 }] } }\n`;

/** Three trades, a second apart. */
const threeTrades = (topology: string, faults: string, expected: string) =>
  `name: faults\ntopology: ${topology}\ninput:\n${[0, 1, 2].map((at) => trade(`${at}s`, at + 1)).join('')}faults:\n  - ${faults}\nexpect: ${expected}\n`;

/** A fault, and what it leads to where there is nothing against it. */
const effects: readonly (readonly [fault: string, topology: string, expected: string])[] = [
  // A feed can't be asked again, a log can.
  ['{ source: { cut: 1500ms, at: 500ms } }', 'ingestor', '{ ticks: [{ data: [{ p: 1 }] }, { data: [{ p: 3 }] }] }'],
  ['{ source: { cut: 1500ms, at: 500ms } }', 'processor', '{ trades: 3, within: 3s }'],
  ['{ crash: { at: 500ms } }', 'processor', '{ trades: 3, symbols: [{ tradeCount: 3 }] }'],
  ['{ sink: trades, fail: { every: 2 } }', 'processor', '{ trades: 3 }'],
  [
    '{ sink: trades, refuse: "price == 2.0" }',
    'processor',
    '{ trades: 2, dead_letters: [{ code: FDP_MESSAGE_REFUSED, sink: trades }] }',
  ],
  [
    '{ sink: trades, refuse: "price == 2.0" }\n  - { sink: trades, refuse: "price == 3.0" }',
    'processor',
    '{ trades: 1 }',
  ],
  ['{ sink: dead_letters, fail: { every: 2 } }', 'processor', '{ trades: 3, dead_letters: 0 }'],
  [
    '{ clock: { jump: -1h, at: 500ms } }',
    'processor',
    '{ trades: { contains: [{ received: 2025-11-20T14:30:00Z }, { received: 2025-11-20T13:30:01Z }] } }',
  ],
  ['{ sink: trades, slow: 4s }', 'processor', '{ trades: 3 }'],
];

/** What goes wrong when a fault is as it is named. */
const failures: readonly (readonly [fault: string, topology: string, expected: string, report: string])[] = [
  ['{ sink: ticks, slow: 1s }\n  - { crash: { at: 500ms } }', 'ingestor', '{ ticks: 3 }', 'ticks: expected 3, got 2'],
  ['{ sink: vwap_feed, lose_ack: 0.9 }', 'analytics', '{ vwap_feed: 3 }', 'vwap_feed: expected 3, got '],
  [
    '{ sink: trades, slow: 4s }',
    'processor',
    '{ trades: 3, within: 5s }',
    'not done within 5s: the topology is running',
  ],
  ['{ sink: trades, slow: 20s }', 'processor', '{ trades: 3, within: 1m }', 'trades: no confirmation within 15000 ms'],
  ['{ source: { cut: 9s, at: 1500ms } }', 'processor', '{ trades: 3, within: 5s }', 'not done within 5s'],
  ['{ sink: trades, fail: { every: 2 } }', 'processor', '{ trades: 4 }', 'trades: write 2 fails (fault)'],
  [
    '{ restore: { sink: trades, back: 1500ms, at: 2500ms } }',
    'processor',
    '{ trades: 4 }',
    'raw_stock_ticks/2 is read again from offset 0 instead of 1',
  ],
  [
    "{ sink: trades, refuse: 'nothing == 2.0' }",
    'processor',
    '{ trades: 3 }',
    '8:29: refuse: decides about no message that reaches trades: "nothing == 2.0": there is no field nothing',
  ],
  // Counters get changes of rows, which have other fields.
  ['{ sink: symbols, refuse: \'symbol == "A"\' }', 'processor', '{ trades: 3 }', 'there is no field symbol'],
];

describe('faults', () => {
  it.each(effects)('%s of %s: %s', async (fault, topology, expected) => {
    expect((await tested(threeTrades(topology, fault, expected))).text).toContain('1 test: 1 passed');
  });

  it.each(failures)('%s of %s: not %s', async (fault, topology, expected, report) => {
    const { text, exitCode } = await tested(threeTrades(topology, fault, expected));
    expect(text).toContain(report);
    expect(exitCode).toBe(1);
  });

  it.each([
    ['fail: { every: 1 }', 'FDP_UNAVAILABLE'],
    ['slow: 6s', 'FDP_TIMEOUT'],
  ])('{ lookup: trades, %s }: whoever asks it gets %s, and who asks another table what it has', async (fault, code) => {
    const text = `name: asks\ntopology: api\ntables: { symbols: [{ symbol: A, tradeCount: 1, lastTradeAt: 1763640000000 }] }
input: [{ request: GET /api/v1/trades/A }, { request: GET /api/v1/symbols/A }, { at: 20s, request: GET /api/v1/trades/A }]
faults: [{ lookup: trades, ${fault}, for: 10s }]
expect: { replies: [{ code: ${code} }, { data: { trade_count: 1 } }, { data: { data: [] } }] }\n`;
    expect((await tested(text)).text).toContain('1 test: 1 passed');
  });

  it('a store that loses what it confirmed is found: without its key a trade that is written again is there twice', async () => {
    const text = threeTrades('processor', '{ sink: trades, lose_ack: 0.9 }', '{ trades: 3 }');
    expect((await tested(text)).exitCode).toBe(0);
    const { text: report } = await tested(text, {
      edits: [...withoutGuarantees(), ['    unique: message_key\n', '']],
    });
    expect(report).toMatch(/trades: expected 3, got ([4-9]|\d\d)/);
  });
});
