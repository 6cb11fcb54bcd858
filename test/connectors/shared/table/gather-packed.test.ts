import { describe, expect, it } from 'vitest';
import { GatheringLane, sizes, start } from '../../../support/table/gathering-lane.ts';

const packedPerKey = 64;

describe('a sink that gathers from a log', () => {
  it('packs what waits for more of the log, and writes one message for each row of it', () => {
    const { lane } = start(true);
    lane.isBehind = true;
    const batch = () => lane.give(100, { keys: 100, raw });
    const raw = new Uint8Array(100);
    for (let given = 0; given < packedPerKey - 1; given++) batch();
    expect(sizes(lane)).toEqual([]);
    batch();
    const [write] = lane.writes;
    expect(write?.messages.map(({ together }) => together?.count)).toEqual(Array(100).fill(packedPerKey));
    expect(new Set(write?.offsets)).toEqual(new Set(Array.from({ length: 100 * packedPerKey }, (_unused, at) => at)));
  });

  it('packs what follows as well, once it has packed something', async () => {
    const { lane } = start(true);
    const raw = new Uint8Array(100);
    lane.isBehind = lane.hasMore = true;
    for (let batch = 0; batch < 3; batch++) lane.give(100, { keys: 100, raw });
    lane.isBehind = false;
    lane.give(100, { keys: 100, raw });
    lane.rest();
    expect(lane.writes[0]?.messages.map(({ together }) => together?.count)).toEqual(Array(100).fill(4));
    await lane.durable();
    expect([lane.absorbed, lane.passedOn]).toEqual([0, 400]);
  });

  it('does not pack what had been stored before, nor what a lane cannot read again', () => {
    const { lane, clock, gather } = start(true);
    const raw = new Uint8Array(100);
    for (let offset = 0; offset < 300; offset++) lane.storedBefore.add(offset);
    const noLog = new GatheringLane(gather, clock);
    for (const each of [lane, noLog]) {
      each.isBehind = true;
      for (let batch = 0; batch < 3; batch++) each.give(100, { keys: 100, raw });
      each.end();
      expect(each.writes[0]?.messages.every(({ together }) => together === undefined)).toBe(true);
    }
  });
});
