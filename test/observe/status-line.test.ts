import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TopologyState } from '../../src/kit/snapshot.ts';
import { startLines, statusLines } from '../../src/observe/status-line.ts';
import { plain, truncate, widthOf } from '../../src/observe/terminal-text.ts';
import { processSnapshot, topologySnapshot } from '../support/engine/snapshots.ts';

describe('status line', () => {
  it('shows state, rate, in flight, lag and rejected of each topology, aligned', () => {
    const before = processSnapshot(0, [
      topologySnapshot('ingestor', { read: 100 }),
      topologySnapshot('processor', { read: 1050 }),
    ]);
    const after = processSnapshot(2000, [
      topologySnapshot('ingestor', { read: 197, rejected: 1, inFlight: 3 }),
      topologySnapshot('processor', {
        state: 'held',
        ready: false,
        reason: 'trades: disk full',
        read: 5060,
        inFlight: 1234,
        lag: 56_789,
      }),
    ]);
    expect(statusLines(before, after, 100)).toEqual([
      '● ingestor   running   48.5 msg/s      3 in flight                 1 rejected',
      '▲ processor  held     2 005 msg/s  1 234 in flight  56 789 behind  0 rejected',
      '    trades: disk full',
    ]);
  });

  it('has no column for the lag where no topology knows one', () => {
    const now = processSnapshot(1000, [topologySnapshot('simulation')]);
    expect(statusLines(now, now, 80)).toEqual(['● simulation  running  0.0 msg/s  0 in flight  0 rejected']);
  });

  it('shows no rate when no time has passed, a topology is new, or its counters restarted', () => {
    const before = processSnapshot(0, [topologySnapshot('a', { read: 500 })]);
    const after = (at: number) =>
      processSnapshot(at, [topologySnapshot('a', { read: 5 }), topologySnapshot('b', { read: 5 })]);
    for (const line of [...statusLines(before, after(0), 80), ...statusLines(before, after(1000), 80)])
      expect(line).toContain(' 0.0 msg/s');
  });

  it('keeps within the width and controls no terminal, whatever a reason says', () => {
    const states: readonly TopologyState[] = [
      'starting',
      'standby',
      'running',
      'held',
      'draining',
      'stopped',
      'failed',
    ];
    const topology = fc.record({
      name: fc.stringMatching(/^[a-z]{1,20}$/),
      state: fc.constantFrom(...states),
      reason: fc.string({ unit: 'binary' }),
      inFlight: fc.nat(),
      lag: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(topology), fc.integer({ min: 1, max: 120 }), (topologies, width) => {
        const now = processSnapshot(
          1000,
          topologies.map(({ name, ...more }) => topologySnapshot(name, more)),
        );
        const lines = statusLines(now, now, width);
        expect(lines).toHaveLength(2 * topologies.length);
        for (const line of lines) {
          expect(widthOf(line)).toBeLessThanOrEqual(width);
          expect(line).toBe(plain(line));
        }
      }),
    );
  });
});

describe('block at the start', () => {
  const hints = {
    title: 'fdp 0.1.0, profile embedded',
    topologies: [
      { name: 'ingestor', description: 'Live trades into the log, one message per symbol of each frame.' },
      { name: 'api', description: 'What is stored, over HTTP.' },
    ],
    addresses: [
      { what: 'symbols', address: 'http://127.0.0.1:8000/api/v1/symbols' },
      { what: 'vwap_feed', address: 'nc 127.0.0.1 8888' },
    ],
  };

  it('shows what runs and its addresses', () => {
    expect(startLines(hints, 60)).toEqual([
      'fdp 0.1.0, profile embedded',
      '',
      '  ingestor   Live trades into the log, one message per symb…',
      '  api        What is stored, over HTTP.',
      '',
      '  symbols    http://127.0.0.1:8000/api/v1/symbols',
      '  vwap_feed  nc 127.0.0.1 8888',
    ]);
  });

  it('never cuts an address', () => {
    expect(startLines(hints, 20).join('\n')).toContain('http://127.0.0.1:8000/api/v1/symbols');
  });
});

describe('cut text', () => {
  it('counts columns, not characters', () => {
    expect(widthOf('交易')).toBe(4);
    expect(truncate('交易所', 5)).toBe('交易…');
    expect(truncate('abc', 3)).toBe('abc');
    expect(truncate('abcd', 3)).toBe('ab…');
  });
});
