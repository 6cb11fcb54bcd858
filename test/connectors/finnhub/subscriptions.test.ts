import { describe, expect, it } from 'vitest';
import { Subscriptions } from '../../../connectors/finnhub/subscriptions.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';

async function settled(...early: readonly string[]) {
  const clock = new VirtualClock();
  const start = clock.now();
  const events: string[] = [];
  const subscriptions = new Subscriptions({
    ...{ clock, symbols: ['A', 'B', 'C'], changed: () => {} },
    refused: (symbol, why, since) => events.push(`${symbol} since ${since - start}: ${why}`),
    served: (symbol) => events.push(`${symbol} served`),
  });
  const over = new AbortController();
  const sent: string[] = [];
  const line = { over: over.signal, send: (value: object) => sent.push((value as { symbol: string }).symbol) };
  const asking = subscriptions.ask(line);
  for (const text of early) subscriptions.heard(text);
  await clock.until(asking);
  const missing = subscriptions.settle();
  const keeping = subscriptions.keepAsking(line);
  const stop = async () => {
    over.abort();
    await keeping;
  };
  return { clock, subscriptions, events, sent, missing, stop };
}
const tradesOf = (...symbols: readonly string[]) => symbols.map((s) => ({ s }));

describe('what a server serves', () => {
  it('is all that it does not refuse; what it refused before is not reported again, but returned', async () => {
    const { missing, events, stop } = await settled('Symbol B is not allowed');
    expect([missing, events]).toEqual([['B'], []]);
    await stop();
  });

  it('is no symbol that is refused later: since all were requested, or since now if trades of it came', async () => {
    const { clock, subscriptions, events, stop } = await settled();
    await clock.advance(2000);
    subscriptions.traded(tradesOf('A'));
    subscriptions.heard('no right to A');
    subscriptions.heard('no right to B');
    expect(events).toEqual([
      'A since 2300: not subscribed to: no right to A',
      'B since 300: not subscribed to: no right to B',
    ]);
    subscriptions.traded(tradesOf('C', 'B'));
    expect(events.slice(2)).toEqual(['B served']);
    await stop();
  });

  it('is requested again every quarter of an hour, and served unless it is refused again', async () => {
    const { clock, subscriptions, events, sent, missing, stop } = await settled('no right to B', 'no right to C');
    expect(missing).toEqual(['B', 'C']);
    await clock.advance(900_000);
    subscriptions.heard('no right to B');
    await clock.advance(1000);
    expect([sent.slice(3), events]).toEqual([
      ['B', 'C'],
      ['B since 900300: not subscribed to: no right to B', 'C served'],
    ]);
    await stop();
  });
});
