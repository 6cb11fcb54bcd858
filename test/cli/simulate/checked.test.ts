import { describe, expect, it } from 'vitest';
import { simulated } from '../../support/cli/simulations.ts';

const short = { hours: '0.03', rate: '20/s', json: true };

describe('a simulation', () => {
  it('checks the bars and gaps of a calendar, and of trades that count for something only', async () => {
    const edits = [
      ['every: &lengths [1m, 5m, 1h, 1d] }', 'every: &lengths [1m, 5m, 1h, 1d], calendar: XNYS, session: regular }'],
      ['- gaps: {}', '- gaps: { calendar: XNYS, session: regular }'],
      ['- candles: { every', '- eligibility: { rules: us-equities }\n          - candles: { every'],
    ] as const;
    const { text, exitCode } = await simulated(short, { edits, topologies: ['ingestor', 'candles'] });
    const { topologies, violations } = JSON.parse(text);
    expect({ violations, exitCode }).toEqual({ violations: [], exitCode: 0 });
    const [bars, gaps] = topologies[1].checks;
    expect(bars).toMatchObject({ branch: 'candles', what: 'bars', expected: expect.any(Number) });
    expect(gaps).toMatchObject({ branch: 'gaps', what: 'gaps', expected: 6 });
  });

  it('says of a chain with another operator that it is not checked', async () => {
    const edits = [['- vwap: { window: 50, by: symbol }', '- vwap: { window: 1m, by: symbol }']] as const;
    const { text } = await simulated(short, { edits, topologies: ['ingestor', 'analytics'] });
    const [lines] = JSON.parse(text).topologies[1].checks;
    expect(lines).toMatchObject({ what: 'not checked: nothing is known here of vwap, map', expected: null });
  });
});
