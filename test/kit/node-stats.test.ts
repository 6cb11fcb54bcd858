import { describe, expect, it } from 'vitest';
import { NodeStats } from '../../src/kit/node-stats.ts';

/** A node, and each state that it was logged with. */
function watched() {
  const logged: string[] = [];
  const node = new NodeStats('ticks', 'source', 'kafka', {
    stateChanged: ({ state, reason }) => logged.push(reason === undefined ? state : `${state}: ${reason}`),
  });
  node.is('ok');
  return { node, logged };
}

const [first, second] = [{}, {}];

describe('the state of a node', () => {
  it('stays that of an impaired lane while the component reports that it works', () => {
    const { node, logged } = watched();
    node.impaired(first, 'retrying', 'symbols: timed out');
    for (let beat = 0; beat < 5; beat++) node.is('ok');
    node.impaired(first, 'retrying', 'symbols: timed out again');
    expect(node).toMatchObject({ state: 'retrying', reason: 'symbols: timed out again' });
    node.recovered(first);
    node.recovered(first);
    expect(logged).toEqual(['ok', 'retrying: symbols: timed out', 'ok']);
  });

  it('is that of the component when the last impaired lane has recovered', () => {
    const { node, logged } = watched();
    node.is('retrying', 'the disk buffer fills');
    node.impaired(first, 'retrying', 'no leader');
    node.impaired(second, 'held', 'a foreign log');
    expect(node).toMatchObject({ state: 'held', reason: 'a foreign log' });
    node.recovered(second);
    node.recovered(first);
    expect(node).toMatchObject({ state: 'retrying', reason: 'the disk buffer fills' });
    node.is('ok');
    expect(logged).toEqual([
      ...['ok', 'retrying: the disk buffer fills', 'held: a foreign log', 'retrying: no leader', 'ok'],
    ]);
  });

  it('is failed or idle whatever impairs its lanes, and nothing of a run is left in the next', () => {
    const { node } = watched();
    node.impaired(first, 'held', 'a foreign log');
    node.is('failed', 'no such topic');
    expect(node).toMatchObject({ state: 'failed', reason: 'no such topic' });
    node.is('idle');
    node.is('ok');
    expect(node).toMatchObject({ state: 'ok', reason: undefined });
  });
});
