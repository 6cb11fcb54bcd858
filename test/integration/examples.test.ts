import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { httpPoll } from '../../examples/http-poll.ts';
import { udp } from '../../examples/udp.ts';
import { webhook } from '../../examples/webhook.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import { type SinkBench, type SourceBench, sinkContract, sourceContract } from '../../src/testing/index.ts';
import { benchOf } from '../support/contracts/bench.ts';
import { messageWith } from '../support/contracts/log-harness.ts';
import { openSockets, until } from '../support/sockets/sockets.ts';

const never = new AbortController().signal;
const numberOf = ({ value }: Pick<SourceMessage, 'value'>) => (value as { number: number }).number;
const numbered = (number: number) => messageWith({ number });

/** A web server on a free port, with a function that stops it. */
async function web(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const dispose = async () => {
    server.close();
    server.closeAllConnections();
    await until(() => openSockets() === 0);
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, dispose };
}

describe('http_poll', () => {
  /** A server that responds with what was added since the last request, or with a status. */
  async function polled(status = 200, headers: Record<string, string> = {}) {
    const waiting: unknown[] = [];
    const { url, dispose } = await web((_request, response) => {
      response.writeHead(status, headers).end(JSON.stringify(waiting.splice(0)));
    });
    const bench = await benchOf(httpPoll, { url, every: '100ms' }, systemClock);
    return { bench, waiting, dispose };
  }

  const make = async (): Promise<SourceBench> => {
    const { bench, waiting, dispose } = await polled();
    let next = 0;
    return {
      ...{ clock: systemClock, node: bench.node, source: bench.source(), numberOf, dispose },
      give: async (count) => {
        for (let left = count; left > 0; left--) waiting.push({ number: next++ });
      },
    };
  };
  for (const { title, run } of sourceContract(make)) it(title, run);

  it.each([
    ['waits as long as the server asks for', 429, { 'retry-after': '100' }],
    ['asks again when the server is in trouble', 503, {}],
  ])('%s', async (_what, status, headers) => {
    const { bench, dispose } = await polled(status, headers);
    const source = bench.source();
    source.lanes.subscribe((lane) => void lane.read(never));
    await until(() => bench.node.state === 'retrying');
    const waitMs = (bench.node.retryAt ?? 0) - systemClock.now();
    expect(waitMs > 50_000).toBe(status === 429);
    await source.close();
    await dispose();
  });

  it('does not read JSON that is nested too deeply', async () => {
    const { bench, waiting, dispose } = await polled();
    waiting.push(JSON.parse(`${'['.repeat(200)}${']'.repeat(200)}`));
    const source = bench.source();
    source.lanes.subscribe((lane) => void lane.read(never));
    await until(() => bench.node.state === 'retrying');
    expect(bench.node.reason).toMatch(/levels/);
    await source.close();
    await dispose();
  });

  it('fails when its key is refused', async () => {
    const { bench, dispose } = await polled(401);
    const source = bench.source();
    let read: Promise<unknown> | undefined;
    source.lanes.subscribe((lane) => {
      read = lane.read(never);
    });
    await expect(read).rejects.toMatchObject({ code: 'FDP_REFUSED' });
    await source.close();
    await dispose();
  });
});

describe('udp', () => {
  const freePort = async (): Promise<number> => {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const { port } = socket.address();
    await new Promise<void>((resolve) => socket.close(resolve));
    return port;
  };
  const make = async (): Promise<SourceBench & { readonly send: (text: string) => void }> => {
    const port = await freePort();
    const sender = createSocket('udp4');
    const bench = await benchOf(udp, { port }, systemClock);
    const send = (text: string) => sender.send(text, port, '127.0.0.1');
    let next = 0;
    return {
      ...{ clock: systemClock, node: bench.node, source: bench.source(), numberOf, send },
      give: async (count) => {
        await until(() => bench.node.state === 'ok');
        for (let left = count; left > 0; left--) send(JSON.stringify({ number: next++ }));
      },
      dispose: () => new Promise((resolve) => void sender.close(resolve)),
    };
  };
  for (const { title, run } of sourceContract(make)) it(title, run);

  it('passes on what is not JSON with its bytes and the problem', async () => {
    const { source, node, send, dispose } = await make();
    let read: Promise<{ readonly messages: readonly SourceMessage[] } | undefined> | undefined;
    source.lanes.subscribe((lane) => {
      read = lane.read(never);
    });
    await until(() => node.state === 'ok');
    send('no JSON');
    const [message] = (await read)?.messages ?? [];
    expect([String(message?.raw), message?.problem?.code]).toEqual(['no JSON', 'FDP_MESSAGE_UNREADABLE']);
    await source.close();
    await dispose?.();
  });
});

describe('webhook', () => {
  /** A server that records what is posted to it, or responds with a status, or not at all. */
  async function posted(status = 200) {
    const lines: string[] = [];
    let hangs = false;
    const { url, dispose } = await web(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      if (hangs) return;
      if (status === 200) lines.push(...text.split('\n').slice(0, -1));
      response.writeHead(status).end();
    });
    const hang = async () => {
      hangs = true;
    };
    return { sink: (await benchOf(webhook, { url }, systemClock)).sink(), lines, hang, dispose };
  }

  const make = async (): Promise<SinkBench> => {
    const { sink, lines, hang, dispose } = await posted();
    return {
      ...{ clock: systemClock, sink, hang, dispose, message: numbered },
      refused: (number) => messageWith({ number: BigInt(number) }),
      stored: async () => lines.map((line) => JSON.parse(line).number),
    };
  };
  for (const { title, run } of sinkContract(make)) it(title, run);

  it.each([
    [422, 'permanent'],
    [429, 'transient'],
    [503, 'transient'],
  ])('treats the status %i as a %s fault', async (status, fault) => {
    const { sink, dispose } = await posted(status);
    await expect(sink.write([numbered(1)], never)).rejects.toMatchObject({ fault });
    await dispose();
  });
});
