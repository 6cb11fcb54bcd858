import { describe, expect, it } from 'vitest';
import { figure, parseMetrics, type Series } from '../support/cli/metrics.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';
import { dial, received } from '../support/sockets/sockets.ts';

const connections = 64;
/** Half of what one connection may have open at once. */
const pipelined = 8;
const page = 'GET /api/v1/trades/AAPL?limit=100 HTTP/1.1\r\nHost: localhost\r\n\r\n';

async function scrape(port: string | undefined): Promise<readonly Series[]> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  return parseMetrics(await response.text());
}

describe('health under load', () => {
  it('is answered between the lookups of other clients, not behind them', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const pipeline = pipelineCopy(folder.path, ['rate: 50/s', 'rate: 1000/s']);
    await using platform = new Process(['--pipeline', pipeline, '--topology', 'ingestor,processor,api'], env);
    await eventually('a full page', async () => {
      const answer = await get(`${api}/api/v1/trades/AAPL?limit=100`);
      return (answer?.body['data'] as { readonly data?: readonly unknown[] } | null)?.data?.length === 100;
    });

    const delivered = async () =>
      figure(await scrape(env['OBSERVE_PORT']), 'fdp_messages_delivered_total', { topology: 'api' });
    const lookups: number[] = [];
    for (let round = 0; round < 5; round++) {
      const sockets = await Promise.all(Array.from({ length: connections }, () => dial(Number(new URL(api).port))));
      const seen = sockets.map((socket) => received(socket));
      const answered = () => seen.reduce((sum, { text }) => sum + text.split('HTTP/1.1 200').length - 1, 0);
      const before = await delivered();
      for (const socket of sockets) socket.write(page.repeat(pipelined));
      lookups.push((await delivered()) - before);
      await eventually('all answers', async () => answered() === connections * pipelined);
      for (const socket of sockets) socket.destroy();
    }
    // In one of the rounds nothing else delayed the question.
    expect(Math.min(...lookups), `${lookups}`).toBeLessThan(connections);
    expect(await platform.stop()).toBe(0);
  });

  it('has the size of both write-ahead logs among its metrics', async () => {
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
