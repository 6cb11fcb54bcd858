import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { envelope } from '../support/cli/log-writer.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { LineReader, workspaceIn } from '../support/cli/workspace.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

/** Fewer than the window holds: what comes last is the price of all of them, in whatever order they were read. */
const trades = Array.from({ length: 48 }, (_, at) => ({ p: 100 + at, v: 1 + (at % 7) }));
const paid = trades.reduce((sum, { p, v }) => sum + p * v, 0);
const expected = paid / trades.reduce((sum, { v }) => sum + v, 0);

onServices('a producer of kafka that does not key by symbol', ({ kafka: brokers }) => {
  const run = async (edit: (yaml: string) => string, ...topologies: readonly string[]) => {
    using folder = temporaryFolder();
    const { env, tcpPort } = await workspaceIn(folder.path);
    const [foreign, ticks] = [randomName('foreign'), randomName('ticks')];
    await using view = await KafkaView.open(brokers);
    await view.makeTopic(foreign, 6);
    const [, example = ''] = /```yaml\n(.*?)```/s.exec(readFileSync('docs/keys.md', 'utf8')) ?? [];
    const yaml = edit(example.replace('127.0.0.1:8888', `127.0.0.1:${tcpPort}`))
      .replaceAll('foreign_ticks', foreign)
      .replaceAll('raw_stock_ticks', ticks)
      .replaceAll(/group: (\w+)/g, `group: $1-${ticks}`)
      .replace('from: latest', 'from: earliest');
    mkdirSync(join(folder.path, 'pipeline'));
    writeFileSync(join(folder.path, 'pipeline', 'pipeline.yml'), yaml);
    const args = ['--pipeline', join(folder.path, 'pipeline', 'pipeline.yml'), '--topology', topologies.join(',')];
    await using platform = new Process(args, { ...env, KAFKA_BROKERS: brokers, FDP_PROFILE: '' });
    using reader = new LineReader(tcpPort);
    await eventually('a listener', async () => platform.output.includes(`group analytics-${ticks} assigned`));
    const values = trades.map((trade) => envelope({ s: 'AAPL', ...trade }));
    await view.append(
      foreign,
      values.map((value, at) => ({ key: null, partition: at % 6, value })),
    );
    await eventually('every line', async () => reader.lines.length >= trades.length);
    const seen = reader.lines.map((line) => Number(JSON.parse(String(line)).vwap));
    expect(await platform.stop(), platform.output).toBe(0);
    return { last: seen.at(-1), warnings: platform.log.filter(({ level }) => level === 'warn') };
  };

  it('makes the prices of each partition, which is logged once', async () => {
    const { last, warnings } = await run((yaml) => yaml.replace('connector: ticks', 'connector: foreign'), 'analytics');
    expect(last).not.toBeCloseTo(expected, 6);
    const texts = warnings.map(({ msg }) => String(msg)).filter((text) => text.includes('AAPL is in partitions'));
    expect(texts).toHaveLength(1);
  });

  it('makes the prices of all once a topology in between has keyed them, as docs/keys.md has it', async () => {
    const { last, warnings } = await run((yaml) => yaml, 'rekey', 'analytics');
    expect(last).toBeCloseTo(expected, 6);
    expect(warnings.filter(({ msg }) => String(msg).includes('is in partitions'))).toEqual([]);
  });
});
