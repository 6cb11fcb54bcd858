import { expect, it } from 'vitest';
import { Worker } from '../../support/cli/processes.ts';
import { onServices } from '../../support/services/cluster.ts';
import { randomName } from '../../support/services/services.ts';

/** FDP_SOAK_MINUTES makes it long, to see what a minute does not show. */
const seconds = Number(process.env['FDP_SOAK_MINUTES'] ?? 0.5) * 60;
const partitions = 24;
/** What the heap may grow by in the last third, bytes: listeners that stay take about 30 kB a second. */
const noise = seconds * 5 * 1024;

onServices('an idle topic of kafka', ({ kafka: brokers }) => {
  it(`is read for ${seconds} s in a flat heap, without a warning`, { timeout: 2000 * seconds }, async () => {
    const args = [brokers, randomName(), partitions, seconds, seconds / 12].map(String);
    const reader = new Worker('../kafka/idle-partitions.ts', ...args);
    const last = await reader.line((line) => Number(line['seconds']) >= seconds);
    await reader.end('SIGKILL');
    expect(last).toMatchObject({ lanes: partitions, warnings: 0 });
    // Of several collections the one that left the least: what is under way at the moment is not counted.
    const least = (third: number) =>
      Math.min(
        ...reader.lines
          .filter((line) => Math.min(3, Math.ceil((3 * Number(line['seconds'])) / seconds)) === third)
          .map((line) => Number(line['heap'])),
      );
    expect(least(3) - least(2), JSON.stringify(reader.lines)).toBeLessThan(noise);
  });
});
