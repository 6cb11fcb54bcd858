import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { record } from '../../src/cli/tape/record.ts';
import { readManifest } from '../../src/simulate/recording/manifest.ts';
import { checkTape } from '../../src/simulate/recording/read.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { logPipeline } from '../support/cli/tape.ts';
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
});
