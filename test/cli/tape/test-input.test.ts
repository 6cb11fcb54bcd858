import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readManifest } from '../../../src/simulate/recording/manifest.ts';
import { tested } from '../../support/cli/pipeline-tests.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';
import { tapeOf } from '../../support/cli/tape.ts';

const testOf = (tape: string, expected: string, topology = 'processor') => `name: a tape
topology: ${topology}
input: { tape: ${tape} }
expect:
  ${expected}
`;

describe('`tape` as the input of a test', () => {
  it('gives the messages of a tape with their keys, partitions, offsets and times', async () => {
    using folder = temporaryFolder();
    const tape = await tapeOf(folder.path, 60, { skip: 20 });
    const { partitions } = readManifest(tape);
    const [range] = partitions.filter(({ messages }) => messages > 0);
    if (!range) throw new Error('the tape is empty');
    expect(range.first).toBeGreaterThan(0);
    const whole = await tested(
      testOf(
        tape,
        `trades: { rows: 120, contains: [{ symbol: AAPL, price: 100, time: 1763639999995, received: 1763640000000 }] }
  symbols: [{ symbol: AAPL, tradeCount: 30 }, { symbol: MSFT, tradeCount: 30 }, { symbol: TSLA, tradeCount: 30 }, { symbol: NVDA, tradeCount: 30 }]
  dead_letters: 0
  order: { by: symbol }
  committed: { partition: ${range.partition}, offset: ${range.next} }
  within: 30s`,
      ),
    );
    expect(whole.text).toContain('1 test: 1 passed');
    // The last message comes 5.9 s after the first.
    const early = await tested(testOf(tape, 'trades: 120\n  within: 5s'));
    expect(early.text).toContain('not done within 5s');
  });

  it('may be cut and survive kills as any input', async () => {
    using folder = temporaryFolder();
    const tape = await tapeOf(folder.path, 60, { skip: 20 });
    const faults =
      'faults: [{ crash: { at: 1s } }, { source: { cut: 1s, at: 3s } }, { sink: trades, lose_ack: 0.5 }]\n';
    const { text } = await tested(testOf(tape, 'trades: 120').replace('expect:', `${faults}expect:`));
    expect(text).toContain('1 test: 1 passed');
  });

  it('is given to a feed as its messages', async () => {
    using folder = temporaryFolder();
    const tape = await tapeOf(folder.path, 4);
    const { text } = await tested(testOf(tape, 'vwap_feed: 8', 'simulation'), { topologies: ['simulation'] });
    expect(text).toContain('1 test: 1 passed');
  });

  it('is reported at its line where it is missing, changed, of another version, or not for this topology', async () => {
    using folder = temporaryFolder();
    const missing = await tested(testOf('nowhere', 'trades: 1'));
    expect(missing.exitCode).toBe(2);
    expect(missing.text).toContain('my.test.yml:3:16: input.tape: there is no tape');
    const tape = await tapeOf(folder.path, 4);
    const manifest = join(tape, 'tape.json');
    const text = readFileSync(manifest, 'utf8');
    writeFileSync(manifest, text.replace('"tape": 1', '"tape": 7'));
    expect((await tested(testOf(tape, 'trades: 1'))).text).toMatch(
      /my\.test\.yml:3:16: input\.tape: .*a tape of version 7/,
    );
    writeFileSync(manifest, text.replace(/"chain": "[0-9a-f]{4}/, '"chain": "0000'));
    expect((await tested(testOf(tape, 'trades: 1'))).text).toMatch(
      /my\.test\.yml:3:16: input\.tape: .*was changed or damaged/,
    );
    writeFileSync(manifest, text);
    const asked = await tested(testOf(tape, 'replies: [{ code: X }]', 'api'));
    expect(asked.text).toContain('my.test.yml:3:1: input: a topology with routes takes requests');
    const wrong = await tested(testOf(`${tape}, mock: { trades: 1 }`, 'trades: 1'));
    expect(wrong.text).toContain('unknown option "mock"');
  });
});
