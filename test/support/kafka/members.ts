import { eventually } from '../cli/platform.ts';
import { alive, type OpenKafkaSource } from './harness.ts';

/** The numbers of the partitions that a member has. */
export const partitionsOf = (open: Pick<OpenKafkaSource, 'lanes'>) =>
  alive(open)
    .map(({ id }) => Number(id.split('/').at(-1)))
    .sort((a, b) => a - b);
/** Waits until the members have so many partitions each, none of them twice. */
export const balanced = (opens: readonly Pick<OpenKafkaSource, 'lanes'>[], counts: readonly number[]) =>
  eventually(`partitions handed out as ${counts}`, async () => {
    const found = opens.map((open) => partitionsOf(open));
    const all = new Set(found.flat());
    return (
      all.size === counts.reduce((sum, count) => sum + count, 0) && found.every((each, i) => each.length === counts[i])
    );
  });
