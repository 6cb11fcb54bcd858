import { expect, it } from 'vitest';
import { FdpError } from '../../src/errors.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { Lane } from '../../src/kit/source.ts';
import { eventually } from '../support/cli/platform.ts';
import { messageWith } from '../support/contracts/log-harness.ts';
import { removeTopic, removeUntil } from '../support/kafka/admin.ts';
import { browse, isEmpty, KafkaProcess, laneOf, numbered, readFrom } from '../support/kafka/harness.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

const never = new AbortController().signal;
const one = { partitions: 1 };

/** The offsets of what a lane warms up with. */
async function warmedUp(lane: Lane): Promise<(number | undefined)[]> {
  const messages: SourceMessage[] = [];
  for (let reading = await lane.read(never); reading?.warmUp; reading = await lane.read(never))
    messages.push(...reading.messages);
  return messages.map(({ meta }) => meta.offset);
}

onServices('kafka positions', ({ kafka: brokers }) => {
  const offsets = (messages: readonly { readonly meta: { readonly offset?: number } }[]) =>
    messages.map(({ meta }) => meta.offset);

  it('continues after the committed position, and reads the rest again; a position never decreases', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    await process.append(numbered(0, 10));
    const open = await process.openSource({ batch: 4 });
    const lane = laneOf(open, 0);
    await readFrom(lane, 8);
    for (const position of [4, 3]) await lane.group?.commit(position);
    await open.source.close();
    const again = await process.openSource();
    expect(offsets(await readFrom(laneOf(again, 0), 6))).toEqual([4, 5, 6, 7, 8, 9]);
  });

  it('begins with `from: latest` while the log grows', async () => {
    await using process = await KafkaProcess.on(brokers);
    const sink = await process.openSink();
    let isOver = false;
    const growing = (async () => {
      for (let from = 0; !isOver; from += 30) await sink.write(numbered(from, from + 30, '*'), never);
    })();
    try {
      for (let group = 0; group < 20; group++) {
        const { source } = await process.openSource({ group: `group ${group}`, from: 'latest' });
        await source.close();
      }
    } finally {
      isOver = true;
      await growing;
    }
  });

  it('keeps the start of `from: latest` before anything is committed', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    await process.append(numbered(0, 5));
    const open = await process.openSource({ from: 'latest' });
    expect(await isEmpty(laneOf(open, 0))).toBe(true);
    await open.source.close();
    await process.append(numbered(5, 7));
    const again = await process.openSource({ from: 'latest' });
    expect(offsets(await readFrom(laneOf(again, 0), 2))).toEqual([5, 6]);
  });

  it('begins at a time', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    await process.append(numbered(0, 10));
    const open = await process.openSource({ from: new Date(1007).toISOString() });
    expect(offsets(await readFrom(laneOf(open, 0), 3))).toEqual([7, 8, 9]);
    const late = await process.openSource({ group: 'late', from: '2100-01-01T00:00:00Z' });
    expect(await isEmpty(laneOf(late, 0))).toBe(true);
    expect(late.source.lag?.()).toBe(0);
  });

  it('warms up with what lies before the position, marked and without a position', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    await process.append(numbered(0, 10));
    const open = await process.openSource({ from: 'latest', warm_up: 5, batch: 3 });
    await process.append(numbered(10, 12));
    const readings = [];
    for (let count = 0; count < 3; count++) readings.push(await laneOf(open, 0).read(never));
    expect(
      readings.map((reading) => [reading?.warmUp ?? false, reading?.position, reading?.messages[0]?.meta.offset]),
    ).toEqual([
      [true, undefined, 5],
      [true, undefined, 8],
      [false, 12, 10],
    ]);
    expect(readings[1]?.messages).toHaveLength(2);
    const far = await process.openSource({ group: 'far', from: 'latest', warm_up: 1000 });
    expect((await laneOf(far, 0).read(never))?.messages).toHaveLength(12);
  });

  it.each([
    { position: 5, warmUp: '3s', expected: [1, 2, 3, 4] },
    { position: 6, warmUp: '1ms', expected: [4, 5] },
    { position: 9, warmUp: '2500ms', expected: [7, 8] },
    { position: 9, warmUp: '1h', expected: [0, 1, 2, 3, 4, 5, 6, 7, 8] },
    { position: 5, warmUp: '0s', expected: [] },
    { position: 0, warmUp: '1h', expected: [] },
  ])(
    'warms up to $position with what was received within $warmUp before the last record before it',
    async ({ position, warmUp, expected }) => {
      await using process = await KafkaProcess.on(brokers, one);
      const dates = [0, 1000, 1000, 2500, 4000, 4001, 9000, 9500, 12_000, 99_000];
      const records = dates.map((ms) => messageWith(1, { timestamp: 1_000_000 + ms }));
      await process.append(records.slice(0, 4));
      await process.append(records.slice(4));
      const first = await process.openSource({ warm_up: warmUp });
      await laneOf(first, 0).group?.rewind(position);
      expect(await warmedUp(laneOf(first, 0))).toEqual(expected);
      await first.source.close();
      const again = await process.openSource({ warm_up: warmUp });
      expect(await warmedUp(laneOf(again, 0))).toEqual(expected);
    },
  );

  it('reports how far it is behind', async () => {
    await using process = await KafkaProcess.on(brokers);
    await process.append(numbered(0, 10));
    const open = await process.openSource();
    expect(open.source.lag?.()).toBe(10);
    const [message] = await browse(process);
    await readFrom(laneOf(open, message?.meta.partition ?? 0), 10, true);
    expect(open.source.lag?.()).toBe(0);
  });

  it('continues at the first message when earlier ones were removed, counts and logs them', async () => {
    await using process = await KafkaProcess.on(brokers, one);

    await process.append(numbered(0, 10));
    const open = await process.openSource({ batch: 2 });
    await readFrom(laneOf(open, 0), 2, true);
    await open.source.close();
    await removeUntil(brokers, (await process.openSource({ group: 'other' })).lanes[0]?.id.split('/')[1] ?? '', 7);
    const again = await process.openSource();
    expect(offsets(await readFrom(laneOf(again, 0), 3))).toEqual([7, 8, 9]);
    expect(again.context.node.extra).toEqual({ gap: 5 });
    expect(process.log.filter(({ level }) => level === 'error').map(({ text }) => text)).toEqual([
      'ticks: 5 messages of partition 0 were removed before they were read; continuing from 7',
    ]);
  });

  it('refuses to continue from a position beyond the end', async () => {
    await using process = await KafkaProcess.on(brokers, one);
    await process.append(numbered(0, 10));
    const open = await process.openSource();
    await readFrom(laneOf(open, 0), 10);
    await laneOf(open, 0).group?.commit(14);
    await open.source.close();
    await expect(process.openSource()).rejects.toMatchObject({ code: 'FDP_POSITION_BEYOND_END', fault: 'fatal' });
  });

  it('reads a topic that was created again from its beginning, in other lanes', async () => {
    const topic = randomName();
    await using process = await KafkaProcess.on(brokers, { ...one, topic });

    await process.append(numbered(0, 5));
    const open = await process.openSource();
    await readFrom(laneOf(open, 0), 5, true);
    const [before] = open.lanes;
    await removeTopic(brokers, topic);

    await eventually('the source notices', async () => open.errors.length > 0);
    expect(open.errors).toMatchObject([{ code: 'FDP_CONNECTION_LOST', fault: 'transient' }]);
    await open.source.close();
    await process.append(numbered(0, 3));
    const again = await process.openSource();
    expect(offsets(await readFrom(laneOf(again, 0), 3))).toEqual([0, 1, 2]);
    expect(again.lanes[0]?.id).not.toBe(before?.id);
  });

  it('begins a topic that was created again at its beginning, whatever an old reader still commits', async () => {
    const topic = randomName();
    await using process = await KafkaProcess.on(brokers, { ...one, topic });
    await process.append(numbered(0, 5));
    const old = await process.openSource();
    const lane = laneOf(old, 0);
    await readFrom(lane, 5);
    await removeTopic(brokers, topic);
    await using next = await KafkaProcess.on(brokers, { ...one, topic });
    await next.append(numbered(0, 9));
    // Kafka knows positions by the topic's name alone: it takes this one for the new topic, unless the reader, which
    // may have noticed meanwhile, has left the group.
    await lane.group?.commit(4).catch((error: unknown) => expect(error).toBeInstanceOf(FdpError));
    await old.source.close();
    const anew = await next.openSource();
    expect(offsets(await readFrom(laneOf(anew, 0), 9))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
