import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { record } from '../../src/cli/tape/record.ts';
import { readManifest } from '../../src/simulate/recording/manifest.ts';
import { checkTape } from '../../src/simulate/recording/read.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { logPipeline } from '../support/cli/tape.ts';
import { subscribed } from '../support/contracts/log-harness.ts';
import { KafkaProcess } from '../support/kafka/harness.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

onServices('fdp record', ({ kafka: brokers }) => {
  it('puts a topic of Kafka on a tape: headers, bytes that are no text, and a record without a value', async () => {
    using folder = temporaryFolder();
    const topic = randomName();
    await using view = await KafkaView.open(brokers);
    await view.makeTopic(topic, 3);
    await view.append(topic, [
      {
        partition: 2,
        key: 'AAPL',
        value: '{"p":1}',
        timestamp: '30',
        headers: { trace: Buffer.of(1, 0xff), by: 'java' },
      },
      { partition: 0, key: Buffer.of(0xff), value: Buffer.of(0x80, 0), timestamp: '20' },
      { partition: 0, key: null, value: null, timestamp: '10' },
    ]);
    const request = logPipeline(folder.path, `kafka, brokers: "${brokers}"`, topic);
    const { text, exitCode } = await record(request, { from: 'ticks', output: 'tape' });
    expect({ text, exitCode }).toEqual({ text: expect.stringMatching(/^3 messages of ticks, /), exitCode: 0 });
    const tape = join(folder.path, 'tape');
    const lines = gunzipSync(readFileSync(join(tape, 'messages.ndjson.gz')))
      .toString()
      .trim()
      .split('\n');
    expect(lines.map((line) => ({ ...JSON.parse(line), hash: '' }))).toEqual([
      { partition: 0, offset: 0, timestamp: 20, key: { base64: '/w==' }, value: { base64: 'gAA=' }, hash: '' },
      { partition: 0, offset: 1, timestamp: 10, key: null, value: null, hash: '' },
      {
        ...{ partition: 2, offset: 0, timestamp: 30, key: 'AAPL', value: '{"p":1}', hash: '' },
        headers: [
          ['trace', { base64: 'Af8=' }],
          ['by', 'java'],
        ],
      },
    ]);
    expect(readManifest(tape)).toMatchObject({
      topic,
      messages: 3,
      partitions: [{ next: 2 }, { messages: 0 }, { next: 1 }],
    });
    await checkTape(tape, readManifest(tape));
  });

  it('begins where the index of times says, and reads nothing of a partition without a record of that time', async () => {
    const topic = randomName();
    await using view = await KafkaView.open(brokers);
    await view.makeTopic(topic, 3);
    const dated = (partition: number, from: number) =>
      Array.from({ length: 200 }, (_, at) => ({ partition, value: '1', timestamp: `${from + at}` }));
    await view.append(topic, [...dated(0, 1000), ...dated(2, 1150)]);
    await using process = await KafkaProcess.on(brokers, { topic });
    const read = async (since?: number) => {
      const browser = process.browser(since);
      await browser.connect(new AbortController().signal);
      const counts: number[] = [];
      for (const lane of subscribed(browser).lanes) {
        let count = 0;
        for (let got = await lane.read(lane.signal); got; got = await lane.read(lane.signal))
          count += got.messages.length;
        counts.push(count);
      }
      await browser.close();
      return counts;
    };
    expect(await read()).toEqual([200, 0, 200]);
    expect(await read(1190)).toEqual([10, 0, 160]);
    expect(await read(1300)).toEqual([0, 0, 50]);
    expect(await read(5000)).toEqual([0, 0, 0]);
  });
});
