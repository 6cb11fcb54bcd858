import { describe, expect, it } from 'vitest';
import { figure, parseMetrics, type Series } from '../support/cli/metrics.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { workspaceIn } from '../support/cli/workspace.ts';

async function scrape(port: string | undefined): Promise<readonly Series[]> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return parseMetrics(await response.text());
}

describe('the metrics of a platform', () => {
  it('have the size of both write-ahead logs', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using platform = new Process(['--topology', 'ingestor,processor'], env);
    const bytes = async (node: string) => figure(await scrape(env['OBSERVE_PORT']), 'fdp_node_wal_bytes', { node });
    const isThere = (node: string) => () =>
      bytes(node).then(
        (size) => size > 0,
        () => false,
      );
    await eventually('that of the log', isThere('ticks'));
    await eventually('that of the store', isThere('trades'));
    expect(await platform.stop()).toBe(0);
  });
});
