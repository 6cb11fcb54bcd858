import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  append,
  drainAll,
  drainWarmUp,
  type LogWorld,
  messageWith,
  never,
  numbered,
  one,
  openSource,
  processOf,
} from './log-harness.ts';

export function positionCases(world: () => LogWorld): void {
  it('continues after what was committed, and reads the rest again', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process, { batch: 4 });
    await open.lanes[0]?.read(never);
    await open.lanes[0]?.read(never);
    await process.clock.until(open.lanes[0]?.group?.commit(4) ?? Promise.reject());
    await open.source.close();
    const again = await openSource(await processOf(world(), one));
    expect((await drainAll(process, again)).map(({ meta }) => meta.offset)).toEqual([4, 5, 6, 7, 8, 9]);
    await again.source.close();
  });

  it('never moves a position back', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    for (const position of [8, 3])
      await process.clock.until(open.lanes[0]?.group?.commit(position) ?? Promise.reject());
    await open.source.close();
    const again = await openSource(process);
    expect(await drainAll(process, again)).toHaveLength(2);
    await again.source.close();
  });

  it('keeps the note of the last position, and none if none was given', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const commits: readonly (readonly [number, string?])[] = [[4, '{"a":"é €"}'], [7, 'x'.repeat(4000)], [9]];
    for (const [position, note] of commits) {
      const open = await openSource(process);
      await process.clock.until(open.lanes[0]?.group?.commit(position, note) ?? Promise.reject());
      await open.source.close();
      const again = await openSource(process);
      expect(again.lanes[0]?.group?.start).toEqual(note === undefined ? { position } : { position, note });
      await again.source.close();
    }
  });

  it('can be set back before it has read anything, permanently, and continues from there', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    await process.clock.until(open.lanes[0]?.group?.commit(8, 'before') ?? Promise.reject());
    await open.source.close();
    const back = await openSource(process, { warm_up: 2 });
    expect(back.lanes[0]).toMatchObject({ group: { start: { position: 8, note: 'before' } }, batch: 500 });
    await process.clock.until(back.lanes[0]?.group?.rewind(3, 'after') ?? Promise.reject());
    const readings = [await back.lanes[0]?.read(never), await back.lanes[0]?.read(never)];
    expect(readings.map((reading) => reading?.messages.map(({ meta }) => meta.offset))).toEqual([
      [1, 2],
      [3, 4, 5, 6, 7, 8, 9],
    ]);
    await back.source.close();
    const again = await openSource(process);
    expect(again.lanes[0]?.group?.start).toEqual({ position: 3, note: 'after' });
    await process.clock.until(again.lanes[0]?.group?.commit(5) ?? Promise.reject());
    await again.source.close();
    const last = await openSource(process);
    expect(last.lanes[0]?.group?.start).toEqual({ position: 5 });
    await last.source.close();
  });

  it('keeps the start of `from: latest` before anything is committed', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 5));
    const open = await openSource(process, { from: 'latest' });
    expect(await drainAll(process, open)).toEqual([]);
    await open.source.close();
    await append(process, numbered(5, 7));
    const again = await openSource(process, { from: 'latest' });
    expect((await drainAll(process, again)).map(({ value }) => value)).toEqual([{ n: 5 }, { n: 6 }]);
    await again.source.close();
  });

  it('begins at a time', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process, { from: new Date(1007).toISOString() });
    expect((await drainAll(process, open)).map(({ value }) => value)).toEqual([{ n: 7 }, { n: 8 }, { n: 9 }]);
    await open.source.close();
    const late = await openSource(process, { group: 'late', from: '2100-01-01T00:00:00Z' });
    expect(await drainAll(process, late)).toEqual([]);
    await late.source.close();
  });

  it('warms up with what lies before the position, marked and without a position', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process, { from: 'latest', warm_up: 5, batch: 3 });
    await append(process, numbered(10, 12));
    const readings = [];
    for (let count = 0; count < 3; count++) readings.push(await open.lanes[0]?.read(never));
    expect(
      readings.map((reading) => [reading?.warmUp ?? false, reading?.position, reading?.messages[0]?.meta.offset]),
    ).toEqual([
      [true, undefined, 5],
      [true, undefined, 8],
      [false, 12, 10],
    ]);
    expect(readings[1]?.messages).toHaveLength(2);
    await open.source.close();
    const far = await openSource(process, { group: 'far', from: 'latest', warm_up: 1000 });
    expect((await far.lanes[0]?.read(never))?.messages).toHaveLength(12);
    await far.source.close();
  });

  it('warms up with what was received within a time before the last record before its position', async () => {
    const process = await processOf(world(), one);
    const steps = fc.array(fc.integer({ min: 0, max: 4000 }), { minLength: 1, maxLength: 40 });
    const cases = fc.record({
      steps,
      before: fc.integer({ min: 1, max: 40 }),
      seconds: fc.nat(30),
      isRewound: fc.boolean(),
    });
    let [group, first, time] = [0, 0, 1_000_000];
    await fc.assert(
      fc.asyncProperty(cases, async ({ steps, before, seconds, isRewound }) => {
        // Further from the previous case than the longest time of a case.
        time += 31_000;
        const dates = steps.map((step) => {
          time += step;
          return time;
        });
        await append(
          process,
          dates.map((timestamp) => messageWith(1, { timestamp })),
        );
        const past = dates.slice(0, before);
        const position = first + past.length;
        first += dates.length;
        const usage = { group: `group ${++group}`, from: 'latest', warm_up: `${seconds}s` };
        const begun = await openSource(process, usage);
        await process.clock.until(begun.lanes[0]?.group?.rewind(position) ?? Promise.reject());
        if (!isRewound) await process.clock.until(begun.source.close());
        const open = isRewound ? begun : await openSource(process, usage);
        const { messages, next } = await drainWarmUp(process, open.lanes[0] as never);
        const since = (past.at(-1) ?? 0) - seconds * 1000;
        expect(messages.map(({ timestamp }) => timestamp)).toEqual(past.filter((date) => seconds > 0 && date >= since));
        expect(next?.timestamp).toBe(dates[past.length]);
        await process.clock.until(open.source.close());
      }),
      { numRuns: 40 },
    );
  });

  it('warms up across many records, and stops at those that are older than the time', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 5000));
    const open = await openSource(process, { from: 'latest', warm_up: '2500ms' });
    const { messages } = await drainWarmUp(process, open.lanes[0] as never);
    expect([messages.length, messages[0]?.meta.offset, messages.at(-1)?.meta.offset]).toEqual([2501, 2499, 4999]);
    await open.source.close();
  });

  it('reports how far it is behind', async () => {
    const process = await processOf(world());
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    expect(open.source.lag?.()).toBe(10);
    await drainAll(process, open, true);
    expect(open.source.lag?.()).toBe(0);
    await append(process, numbered(0, 4, null));
    expect(open.source.lag?.()).toBe(4);
    await open.source.close();
  });

  it('refuses to continue from a position beyond the end', async () => {
    const process = await processOf(world(), one);
    await append(process, numbered(0, 10));
    const open = await openSource(process);
    await drainAll(process, open, true);
    await open.source.close();
    await world().loseEnd(0, 4);
    await expect(openSource(process)).rejects.toMatchObject({ code: 'FDP_POSITION_BEYOND_END', fault: 'fatal' });
  });
}
