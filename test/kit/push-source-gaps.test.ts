import { describe, expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import type { FeedGapsOptions } from '../../src/kit/feed-gaps.ts';
import { gapMessage, gapOf } from '../../src/kit/gap-message.ts';
import type { PushSourceOptions } from '../../src/kit/push-source.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { gapsOf, never } from './pushed-source.ts';

describe('push source', () => {
  describe('whose gaps are in its lane', () => {
    it('puts them in order, from the last sign of life until everything is subscribed to, for each symbol', async () => {
      const { clock, intakes, read, push, subscribe, source } = gapsOf();
      subscribe();
      intakes[0]?.back();
      push(1);
      await clock.advance(300);
      intakes[0]?.whole();
      await clock.advance(50);
      intakes[0]?.away('cut');
      await clock.advance(1000);
      push(2);
      intakes[0]?.back();
      expect(await read()).toEqual([1, 'A 300.. cut', 'B 300.. cut', 2, 'A 300..1350 cut', 'B 300..1350 cut']);
      await source.close();
    });

    it('puts what a full queue gave up before what is left, from the last message that was read until it is empty', async () => {
      const { clock, intakes, read, push, subscribe, source } = gapsOf();
      subscribe();
      intakes[0]?.back();
      push(1);
      expect(await read()).toEqual([1]);
      await clock.advance(100);
      push(2, 3, 4, 5, 6, 7);
      await clock.advance(100);
      const slow = 'the pipeline is slower than the feed, and the queue is full';
      expect(await read()).toEqual([`A 0.. ${slow}`, `B 0.. ${slow}`]);
      expect(await read()).toEqual([4, 5, 6, 7]);
      expect(await read()).toEqual([`A 0..200 ${slow}`, `B 0..200 ${slow}`]);
      await source.close();
    });

    it('goes on for the symbols that the connection comes back without, until each is served', async () => {
      const { clock, intakes, read, push, subscribe, source, gapNode } = gapsOf();
      subscribe();
      push(1);
      await clock.advance(1000);
      intakes[0]?.away('lost');
      await clock.advance(500);
      intakes[0]?.back(['B']);
      expect(await read()).toEqual([1, 'A 0.. lost', 'B 0.. lost', 'A 0..1500 lost']);
      await clock.advance(2000);
      push(2);
      intakes[0]?.back(['B']);
      intakes[0]?.missing('B', 'known already');
      await clock.advance(300);
      intakes[0]?.served('A');
      intakes[0]?.served('B');
      expect(await read()).toEqual([2, 'B 0..3800 lost']);
      expect(gapNode.extra).toMatchObject({ gaps: 1, gap_ms: 1500, open_gaps: 0 });
      await source.close();
    });

    it('begins for one symbol when the feed does not give it, and becomes part of the next gap of all, and of a stop', async () => {
      const { clock, intakes, read, push, subscribe, source } = gapsOf();
      subscribe();
      intakes[0]?.back(['B']);
      await clock.advance(1000);
      intakes[0]?.missing('A', 'refused', clock.now() - 400);
      push(1);
      expect(await read()).toEqual(['B 0.. not subscribed to', 'A 600.. refused', 1]);
      await clock.advance(1000);
      intakes[0]?.away('lost');
      await clock.advance(1000);
      intakes[0]?.back(['A']);
      expect(await read()).toEqual([
        ...[
          'B 0..2000 not subscribed to',
          'A 600..2000 refused',
          'A 1000.. lost',
          'B 1000.. lost',
          'B 1000..3000 lost',
        ],
      ]);
      await clock.advance(1000);
      await source.close();
      expect(await read()).toEqual(['A 1000..4000 lost', 'A 3000.. stopped', 'B 3000.. stopped']);
    });

    it('is found again after a kill where it is the last record of a partition, and then ends', async () => {
      const { clock, intakes, read, subscribe, source, start } = gapsOf();
      const own = { from: start - 5000, reason: 'refused', feed: 'feed' };
      const trade = { ...sourceMessage(7), key: 'A', timestamp: start - 100 };
      await source.resume?.([{ last: async () => [trade, gapMessage(own, 'B', start - 5000)] }], never);
      subscribe();
      await clock.advance(500);
      intakes[0]?.back();
      const why = 'the process was not running';
      expect(await read()).toEqual([
        'B -5000..0 refused',
        ...[`A -100.. ${why}`, `B -100.. ${why}`, `A -100..500 ${why}`, `B -100..500 ${why}`],
      ]);
      await source.close();
    });

    it('never gives a gap up, however full the queue is', async () => {
      const { clock, intakes, read, push, subscribe, source, node } = gapsOf();
      subscribe();
      intakes[0]?.back();
      intakes[0]?.away('cut');
      push(1, 2, 3, 4, 5);
      await clock.advance(1);
      const first = await read();
      expect(first).toContain('A 0.. cut');
      expect(first).toContain('B 0.. cut');
      expect(await read()).toEqual([2, 3, 4, 5]);
      expect(node.extra['dropped']).toBe(1);
      await source.close();
    });

    it('leaves a gap open when the intake is stopped, and goes on with it in the next process', async () => {
      const first = gapsOf();
      const subscription = first.subscribe();
      first.intakes[0]?.back();
      first.push(1);
      await first.clock.advance(40);
      subscription.unsubscribe();
      const messages = (await first.lanes[0]?.read(never))?.messages ?? [];
      expect(messages.map(({ value }) => gapOf(value)?.reason ?? value)).toEqual([1, 'stopped', 'stopped']);
      expect(await first.read()).toEqual([]);
      await first.source.close();

      const second = gapsOf();
      await second.clock.advance(5000);
      await second.source.resume?.([{ last: async () => messages.slice(-1) }], never);
      second.subscribe();
      await second.clock.advance(10);
      second.intakes[0]?.back();
      const from = first.start - second.start;
      const ends = ['A', 'B'].map((symbol) => `${symbol} ${from}..5010 stopped`);
      expect(await second.read()).toEqual(['A', 'B'].map((symbol) => `${symbol} ${from}.. stopped`).concat(ends));
      await second.source.close();
    });

    it('was away since the last record of its symbols when the process before was killed, and not when there is none', async () => {
      const killed = gapsOf();
      const record = (key: string, timestamp: number) => ({
        ...sourceMessage(1),
        key,
        timestamp: killed.start + timestamp,
      });
      await killed.clock.advance(9000);
      const records = [record('A', 1000), record('B', 2000), record('C', 3000)];
      await killed.source.resume?.([{}, { last: async () => records }], never);
      killed.subscribe();
      killed.intakes[0]?.back();
      expect((await killed.read()).slice(2)).toEqual([
        'A 2000..9000 the process was not running',
        'B 2000..9000 the process was not running',
      ]);
      await killed.source.close();

      const fresh = gapsOf();
      await fresh.source.resume?.([{ last: async () => [] }], never);
      fresh.subscribe();
      fresh.intakes[0]?.back();
      fresh.push(1);
      expect(await fresh.read()).toEqual([1]);
      await fresh.source.close();
    });

    /** Numbers above nine have a symbol. */
    const withoutList = ({ away, ...context }: FeedGapsOptions): Partial<PushSourceOptions> => ({
      feed: { ...context, away, symbols: (value) => (Number(value) > 9 ? [`S${value}`] : []) },
      queue: { maxItems: 100, maxBytes: 100_000, whenFull: 'drop_oldest' },
    });

    it('is about the symbols that came, where there is no list of them; a value without one has no gap message', async () => {
      const { clock, intakes, push, read, subscribe, source, gapNode } = gapsOf(withoutList);
      subscribe();
      intakes[0]?.back();
      push(1, 11, 12, 11);
      intakes[0]?.away('cut');
      await clock.advance(500);
      intakes[0]?.back();
      push(13);
      const messages = ['S12 0.. cut', 'S11 0.. cut', 'S12 0..500 cut', 'S11 0..500 cut', 13];
      expect(await read()).toEqual([1, 11, 12, 11, ...messages]);
      expect(gapNode.extra).toMatchObject({ gaps: 1, gap_ms: 500, open_gaps: 0 });
      await source.close();
    });

    it('has what the process before missed once for each symbol, as soon as it comes, where there is no list of them', async () => {
      const { clock, intakes, push, read, subscribe, source, start } = gapsOf(withoutList);
      await clock.advance(7000);
      const span = { from: start + 3000, reason: 'stopped', feed: 'feed' };
      await source.resume?.([{ last: async () => [gapMessage(span, 'S11', start + 3000)] }], never);
      subscribe();
      await clock.advance(1000);
      intakes[0]?.back();
      push(1, 11, 12, 11);
      intakes[0]?.away('cut');
      await clock.advance(500);
      intakes[0]?.back();
      push(13);
      expect(await read()).toEqual([
        ...[1, 'S11 3000..8000 stopped', 11, 'S12 3000..8000 stopped', 12, 11],
        ...['S12 8000.. cut', 'S11 8000.. cut', 'S12 8000..8500 cut', 'S11 8000..8500 cut'],
        ...['S13 3000..8000 stopped', 13],
      ]);
      await source.close();
    });

    it('goes on without a log that cannot be read, and says that the time before is not known', async () => {
      const { clock, log, source, subscribe, intakes, push, read } = gapsOf();
      let tries = 0;
      const away = () => Promise.reject(new FdpError('FDP_UNAVAILABLE', `try ${++tries}`));
      await clock.until(source.resume?.([{ last: away }], never) ?? Promise.resolve());
      subscribe();
      intakes[0]?.back();
      push(1);
      expect(await read()).toEqual([1]);
      expect(tries).toBe(5);
      expect(log.lines.map(({ text }) => text)).toEqual([
        'feed: how long it was away is not known, and not counted as a gap: try 5',
      ]);
      await source.close();
    });
  });
});
