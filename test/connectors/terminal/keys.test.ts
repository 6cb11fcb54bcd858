import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { press } from '../../../connectors/terminal/keys.ts';
import { render } from '../../../connectors/terminal/render.ts';
import { RuntimeRates } from '../../../connectors/terminal/runtime.ts';
import type { State } from '../../../connectors/terminal/state.ts';
import { nodeOf } from '../../page/reports.ts';
import { marketOf, stateOf, textOf } from '../../support/cli/dashboard.ts';
import { processSnapshot, topologySnapshot } from '../../support/engine/snapshots.ts';

const height = 12;
const nodes = [nodeOf('feed', { kind: 'source' }), nodeOf('screen', { kind: 'sink', state: 'retrying' })];
const topologies = Array.from({ length: 30 }, (_, index) =>
  topologySnapshot(`t${String(index).padStart(2, '0')}`, { nodes }),
);
const runsAll = processSnapshot(0, topologies);
const rows = new RuntimeRates().rows([{ pipeline: 'platform', process: runsAll }], runsAll.at);
const market = marketOf(['A', 1], ['B', 2], ['C', 3]);

/** The state after these keys, and the text of the screen. */
function after(...keys: readonly string[]): { readonly state: State; readonly text: string } {
  let state = stateOf(market, {
    runtime: { rows, problem: undefined },
    intervals: ['1m', '5m', '1h'],
    choice: { interval: '1m' },
  });
  for (const key of keys) state = { ...state, choice: press(state, key, height) };
  return { state, text: textOf(render(state, 80, height)).join('\n') };
}

describe('keys', () => {
  it.each([
    [['j'], 'B'],
    [['down', 'down'], 'C'],
    [['end'], 'C'],
    [['j', 'j', 'j', 'j', 'k'], 'B'],
    [['pagedown', 'up'], 'B'],
    [['end', 'home'], 'A'],
  ])('%j select %s, and never leave the list', (keys, symbol) => {
    expect(after(...keys).text).toContain(`> ${symbol}`);
  });

  it('move through the topologies of the runtime screen, to the last row and back', () => {
    expect(after('2').text).toContain('  ● t00 +1');
    expect(after('2', 'j').text).toContain('> ● t00 +1');
    const last = after('2', 'end').text;
    expect(last).toContain('>   screen');
    expect(last).not.toContain('t20');
    expect(after('2', 'end', 'down', 'down', 'up').text).toContain('> ● t29');
  });

  it('expand and collapse one topology of the runtime screen, or all; unhealthy nodes stay visible', () => {
    const nodesOf = (...keys: readonly string[]) => {
      const { text } = after('2', ...keys);
      return [text.match(/ feed /g)?.length ?? 0, (text.match(/ screen /g)?.length ?? 0) > 0];
    };
    expect(nodesOf()).toEqual([0, true]);
    expect(nodesOf('j', 'enter')).toEqual([1, true]);
    expect(after('2', 'j', 'enter').text).toContain('> ● t00  ');
    expect(nodesOf('j', 'enter', 'j', 'enter')).toEqual([0, true]);
    expect(nodesOf('f')[0]).toBeGreaterThan(1);
    expect(nodesOf('f', 'f')).toEqual([0, true]);
    expect(nodesOf('f', 'j', 'enter', 'f')[0]).toBeGreaterThan(1);
  });

  it('switch between line and candles, and change the interval, only on the prices screen', () => {
    const chosen = (...keys: readonly string[]) => {
      const { chart, interval } = after(...keys).state.choice;
      return `${chart} ${interval}`;
    };
    expect(chosen()).toBe('line 1m');
    expect(chosen('c')).toBe('candles 1m');
    expect(chosen('c', 'c')).toBe('line 1m');
    expect(chosen('c', '+')).toBe('candles 5m');
    expect(chosen('c', '=')).toBe('candles 5m');
    expect(chosen('c', '+', '+', '+')).toBe('candles 1h');
    expect(chosen('c', '+', '+', '-')).toBe('candles 5m');
    expect(chosen('c', '-', '-')).toBe('candles 1m');
    expect(chosen('+')).toBe('line 1m');
    expect(chosen('2', 'c')).toBe('line 1m');
    expect(chosen('c', '2', '+')).toBe('candles 1m');
    expect(after('c').text).toMatch(/c line {3}\+ - 1m/);
    expect(after().text).toContain('c candles');
  });

  it('are not commands while a filter is typed', () => {
    const { state } = after('/', 'q', '2', 's', 'p', '?', 'backspace', 'enter');
    expect(state.choice).toMatchObject({ filter: 'q2sp', isTyping: false, screen: 'prices', isPaused: false });
    expect(after('/', 'q', 'escape').state.choice.filter).toBe('');
  });

  it('return from a single symbol before they clear the filter', () => {
    const { state } = after('/', 'b', 'enter', 'enter');
    expect(state.choice).toMatchObject({ isAlone: true, filter: 'b' });
    const back = press(state, 'escape', height);
    expect(back).toMatchObject({ isAlone: false, filter: 'b' });
    expect(press({ ...state, choice: back }, 'escape', height).filter).toBe('');
  });

  it('lead to a valid screen in any order', () => {
    const key = fc.constantFrom(
      '1',
      '2',
      'tab',
      'enter',
      'escape',
      '/',
      's',
      'c',
      '+',
      '-',
      'p',
      '?',
      'j',
      'k',
      'end',
      'home',
      'backspace',
      'x',
    );
    fc.assert(
      fc.property(fc.array(key, { maxLength: 30 }), (keys) => {
        expect(after(...keys).text.split('\n')).toHaveLength(height);
      }),
    );
  });
});
