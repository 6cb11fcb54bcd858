import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../support/cli/platform.ts';
import { simulated } from '../../support/cli/simulations.ts';

const short = { hours: '0.01', rate: '10/s' };

async function withFaults(text: string) {
  using folder = temporaryFolder();
  const faults = join(folder.path, 'faults.yml');
  writeFileSync(faults, text);
  const { text: output, exitCode } = await simulated({ ...short, faults, json: true });
  return { report: JSON.parse(output), exitCode };
}

describe('faults from a file', () => {
  it('happen where they are meant to: by topology, by sink, or everywhere', async () => {
    const { report, exitCode } = await withFaults(`
- { topology: candles, crash: { at: 5s } }
- { sink: trades, lose_ack: 0.5, at: 1s, for: 20s }
- { sink: dead_letters, fail: { every: 2 } }
- { source: { cut: 2s, at: 10s } }
- { restore: { sink: candles, back: 5s, at: 20s } }
- { lookup: trades, fail: { every: 1 }, at: 5s, for: 20s }
`);
    expect(report.violations).toEqual([]);
    expect(exitCode).toBe(0);
    const counts = report.topologies.map(({ name, faults }: { name: string; faults: number }) => [name, faults]);
    expect(Object.fromEntries(counts)).toEqual({
      ingestor: 2,
      processor: 3,
      candles: 4,
      analytics: 2,
      live: 1,
      api: 2,
    });
  });

  it.each([
    ['- { sink: trade, slow: 2s }', 1, 'unknown sink "trade"'],
    ['\n- { topology: proces, crash: { at: 1s } }', 2, 'unknown topology "proces"'],
    ['- { sink: trades }', 1, 'nothing goes wrong'],
    ['- { lookup: trade, slow: 2s }', 1, 'unknown lookup "trade"'],
    ['- { topology: api, lookup: ticks, slow: 2s }', 1, 'unknown lookup "ticks"'],
    ['- { lookup: trades }', 1, 'nothing goes wrong: expected at least one of fail, slow'],
    ['- { crash: {} }', 1, 'at'],
    ['- { topology: processor, restore: { sink: candles, back: 1s, at: 2s } }', 1, 'unknown sink "candles"'],
    ['- { topology: ingestor, restore: { sink: ticks, back: 1s, at: 2s } }', 1, 'unknown sink "ticks"'],
    ['- { sink: trades, slow: fast }', 1, 'duration'],
    ['- { sink: trades, refuse: "price >" }', 1, 'refuse'],
    ['- flood', 1, 'expected a fault'],
    ['sink: trades', 1, 'expected a list of faults'],
  ])('are refused with their line: %s', async (text, line, message) => {
    const { report, exitCode } = await withFaults(text);
    expect(exitCode).toBe(2);
    expect(report.problems[0]).toMatchObject({ line });
    const { message: told, hint = '' } = report.problems[0];
    expect(`${told} ${hint}`).toContain(message);
  });

  it('are refused where there is no file', async () => {
    const { text, exitCode } = await simulated({ ...short, faults: 'nothing.yml' });
    expect(text).toContain('nothing.yml: there is no such file');
    expect(exitCode).toBe(2);
  });
});
