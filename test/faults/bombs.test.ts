import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { DeadLetter } from '../../src/kit/dead-letter.ts';
import { Cluster } from '../support/cli/cluster.ts';
import { envelope } from '../support/cli/log-writer.ts';
import { eventually } from '../support/cli/platform.ts';
import { bomb } from '../support/kafka/bombs.ts';
import { storedIn } from '../support/kafka/ledger-books.ts';
import { appendRaw } from '../support/kafka/raw-producer.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';

const MiB = 1024 ** 2;

/** What a process had in memory at most, MiB. */
function peakMiB(pid: number | undefined): number {
  const [, kib] = /^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

onServices('a small record of kafka that is a large one once it is unpacked', (services) => {
  it('goes to the dead letter as it came, its neighbours are stored, and memory stays as it was', async () => {
    using cluster = new Cluster(services.kafka, services.mongo);
    const { topic, brokers } = cluster.address;
    await using view = await KafkaView.open(brokers);
    await view.makeTopic(topic, 1);
    await using processor = await cluster.processor();
    const good = () => view.append(topic, [{ key: 'GOOD', partition: 0, value: envelope({ s: 'GOOD' }) }]);
    await good();
    await eventually('the first is stored', async () => (await storedIn(cluster.address)) === 1);
    const before = peakMiB(processor.child.pid);
    const bombs = [bomb('zstd', 700 * MiB), bomb('gzip', 60 * MiB)];
    for (const batch of bombs) {
      await appendRaw(brokers, topic, batch);
      await good();
    }
    await eventually('the neighbours are stored', async () => (await storedIn(cluster.address)) === 3);
    await view.untilReadThrough(cluster.group, topic);
    const peak = peakMiB(processor.child.pid);
    process.stdout.write(
      `\n${bombs.map(({ length }) => length)} bytes; MiB at most: ${before} before, ${peak} after\n`,
    );
    expect(peak - before).toBeLessThan(200);
    const letters = (await view.records(cluster.rejected)).map(({ value }): DeadLetter => JSON.parse(String(value)));
    letters.sort((a, b) => (a.origin.offset ?? 0) - (b.origin.offset ?? 0));
    expect(letters.map(({ code, origin, bytes }) => [code, origin.partition, origin.offset, bytes])).toEqual(
      bombs.map(({ length }, index) => ['FDP_MESSAGE_UNREADABLE', 0, 1 + 2 * index, length]),
    );
    expect(letters[0]?.reason).toContain('expected at most 16777216 bytes when unpacked');
    expect(await processor.stop('SIGTERM'), processor.output).toBe(0);
  });
});
