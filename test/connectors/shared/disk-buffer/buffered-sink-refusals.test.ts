import { describe, expect, it } from 'vitest';
import { FdpError } from '../../../../src/errors.ts';
import { toMessage } from '../../../../src/kit/message.ts';
import { NodeStats } from '../../../../src/kit/node-stats.ts';
import { outcomesAt } from '../../../../src/kit/outcomes.ts';
import { Outcome } from '../../../../src/kit/track.ts';
import { testNode } from '../../../../src/testing/environment.ts';
import { sourceMessage } from '../../../support/engine/operators.ts';
import { World } from './buffered-log.ts';

describe('disk buffer', () => {
  it('fails alone what the log would never take, and ends with what a person must cure', async () => {
    using world = new World();
    world.log.state = 'away';
    const sink = world.open();
    await world.connect(sink);
    const large = toMessage(sourceMessage('x'.repeat(300)), undefined);
    const { failed } = await world.clock.until(sink.write([large], new AbortController().signal));
    expect(failed?.get(0)).toMatchObject({ code: 'FDP_MESSAGE_REFUSED' });
    await world.clock.until(sink.close());
  });

  it('keeps on the disk only what the log can take later, not what it took, nor what it will never take', async () => {
    using world = new World();
    const sink = world.open();
    await world.connect(sink);
    const refused = new FdpError('FDP_MESSAGE_REFUSED', 'log: no');
    world.log.fails.set('1', new FdpError('FDP_BUSY', 'log: later')).set('2', refused);
    expect((await world.write(sink, 4)).failed).toEqual(new Map([[2, refused]]));
    expect(world.context.node.extra['buffered']).toBe(1);
    world.log.fails.clear();
    await world.clock.advance(60_000);
    expect(world.log.texts).toEqual(['0', '3', '1']);
    await world.clock.until(sink.close());
  });

  it('rejects the one message for which the log refuses whole writes, and brings the others', async () => {
    using world = new World();
    world.log.state = 'away';
    const sink = world.open();
    await world.connect(sink);
    await world.write(sink, 9);
    world.log.state = 'there';
    world.log.spoils = ['5'];
    await world.clock.advance(60_000);
    expect(world.log.texts).toEqual(world.expected.filter((text) => text !== '5'));
    expect(world.context.node).toMatchObject({ made: 1, rejected: 1, extra: { buffered: 0 } });
    expect(world.context.rejections).toMatchObject([{ code: 'FDP_MESSAGE_REFUSED' }]);
    world.log.spoils = ['9'];
    await expect(world.write(sink)).rejects.toMatchObject({ code: 'FDP_MESSAGE_REFUSED' });
    expect(world.context.node.extra['buffered']).toBe(0);
    await world.clock.until(sink.close());
  });

  it('keeps what the log refuses until its letter is written, and drops a letter, which has none', async () => {
    using world = new World();
    world.log.state = 'away';
    const owner = { outcome: Outcome.released as Outcome };
    const node = new NodeStats('ticks', 'sink', 'log', { stateChanged: () => {} });
    const outcomes = outcomesAt(node, (_lane, message) => message.track.end(owner.outcome));
    const sink = world.open({ node, outcomes });
    await world.connect(sink);
    await world.write(sink);
    world.log.fails.set('0', new FdpError('FDP_MESSAGE_REFUSED', 'log: no'));
    world.log.state = 'there';
    await world.clock.advance(60_000);
    expect(node.extra['buffered']).toBe(1);
    owner.outcome = Outcome.rejected;
    await world.clock.advance(60_000);
    expect(node.extra).toEqual({ buffered: 0 });
    await world.clock.until(sink.close());

    const letters = testNode('letters', 'dead_letter');
    world.log.state = 'away';
    const letterSink = world.open(letters);
    await world.connect(letterSink);
    world.sent = 0;
    await world.write(letterSink);
    world.log.state = 'there';
    await world.clock.advance(60_000);
    expect([letters.node.extra, letters.rejections]).toEqual([{ buffered: 0, dropped: 1 }, []]);
    await world.clock.until(letterSink.close());
  });
});
