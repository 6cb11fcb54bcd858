import { afterEach, describe, expect, it } from 'vitest';
import { tcp } from '../../connectors/tcp/index.ts';
import { gaps } from '../../operators/gaps.ts';
import { systemClock } from '../../src/kit/clock.ts';
import { gapMessage, gapOf } from '../../src/kit/gap-message.ts';
import { type SourceMessage, toMessage } from '../../src/kit/message.ts';
import type { Sink } from '../../src/kit/sink.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { operator } from '../operators/declared.ts';
import { runOperators } from '../support/engine/operators.ts';
import { optionsOf } from '../support/engine/options.ts';
import { portOf, until } from '../support/sockets/sockets.ts';
import { closeClients, Feed, startClient } from '../support/sockets/tcp-client.ts';

const never = new AbortController().signal;

afterEach(closeClients);

const numbersOf = (messages: readonly SourceMessage[]) =>
  messages.map(({ value }) => (value as { number: number }).number);

describe('tcp client', () => {
  it('reads every line as a message of one lane', async () => {
    const feed = await Feed.start();
    const { messages, readAll, node, lane } = await startClient(feed.port);
    void readAll();
    await until(() => feed.clients.length === 1);
    feed.send('{"symbol":"A","time":"2025-11-20T13:33:18.585Z","number":1}\n{"symbol":"B","num');
    await until(() => messages.length === 1);
    feed.send('ber":2}\r\n');
    await until(() => messages.length === 2);
    expect(lane.id).toBe('feed');
    expect(numbersOf(messages)).toEqual([1, 2]);
    expect(messages[0]).toMatchObject({ key: 'A' });
    expect(Date.now() - (messages[0]?.timestamp ?? 0)).toBeLessThan(60_000);
    expect(node.state).toBe('ok');
  });

  it('continues after lines that are not JSON, not UTF-8, or too long', async () => {
    const feed = await Feed.start();
    const { messages, readAll, node } = await startClient(feed.port, { max_line: '1KiB' });
    void readAll();
    await until(() => feed.clients.length === 1);
    feed.send('not json\n');
    feed.send(Buffer.concat([Buffer.from([0xff, 0xfe, 0x80]), Buffer.from('\n')]));
    feed.send(`{"number":"${'x'.repeat(100_000)}"}\n{"number":3}\n`);
    await until(() => messages.length === 3);
    expect(messages.map(({ problem }) => problem?.code)).toEqual([
      'FDP_MESSAGE_UNREADABLE',
      'FDP_MESSAGE_UNREADABLE',
      undefined,
    ]);
    expect(node.extra['skipped_lines']).toBe(1);
  });

  it('waits for an unavailable server, logs why, and reconnects after every loss', async () => {
    const gone = await Feed.start();
    const { port } = gone;
    await gone.stop();
    const { messages, readAll, node } = await startClient(port);
    void readAll();
    await until(() => node.state === 'retrying');
    expect(node.reason).toContain('refuses the connection');
    for (let round = 1; round <= 3; round++) {
      const feed = await Feed.start(port);
      await until(() => node.state === 'ok' && feed.clients.length === 1);
      feed.send(`{"number":${round}}\n{"torn":`);
      await until(() => messages.length === round);
      await feed.stop();
      await until(() => node.state === 'retrying');
    }
    expect(numbersOf(messages)).toEqual([1, 2, 3]);
    expect(node.extra).toMatchObject({ reconnects: 2, skipped_lines: 3, gaps: 3, open_gaps: 1 });
  });

  it('gives gap messages of the symbols of its envelopes: from the last line, or from an orderly end, until it reconnects', async () => {
    const gone = await Feed.start();
    const { port } = gone;
    const { messages, readAll, node } = await startClient(port);
    void readAll();
    await until(() => gone.clients.length === 1);
    const frame = (...symbols: readonly string[]) =>
      `${JSON.stringify({ type: 'trade', data: symbols.map((s) => ({ s, p: 1, t: 1, v: 1 })) })}\n`;
    gone.send(frame('A', 'B', 'A'));
    await until(() => messages.length === 1);
    const [received, stopped] = [messages[0]?.timestamp ?? 0, Date.now()];
    await gone.stop();
    await until(() => node.extra['open_gaps'] === 1);
    const again = await Feed.start(port);
    await until(() => node.state === 'ok' && again.clients.length === 1);
    again.send(frame('C'));
    await until(() => messages.length === 6);
    const shown = messages.map(({ key, value }) => [key, gapOf(value)?.reason, gapOf(value)?.to !== undefined]);
    const reset = `127.0.0.1:${port} closed the connection unexpectedly`;
    expect(shown.slice(1, 5)).toEqual([
      ...['A', 'B'].map((symbol) => [symbol, reset, false]),
      ...['A', 'B'].map((symbol) => [symbol, reset, true]),
    ]);
    expect(gapOf(messages[1]?.value)).toMatchObject({ feed: 'feed' });
    // The line was whole a moment after it is dated.
    expect(gapOf(messages[1]?.value)?.from).toBeGreaterThanOrEqual(received);
    expect(gapOf(messages[1]?.value)?.from).toBeLessThanOrEqual(stopped);
    const { timestamp } = messages[5] as SourceMessage;
    expect(gapOf(messages[3]?.value)?.to).toBeLessThanOrEqual(timestamp);

    const ended = Date.now();
    again.clients[0]?.end();
    await until(() => messages.length === 9);
    const [orderly] = messages.slice(6).map(({ value }) => gapOf(value));
    expect(orderly).toMatchObject({ reason: `127.0.0.1:${port} closed the connection` });
    expect(orderly?.from).toBeGreaterThanOrEqual(ended);
    expect(
      messages
        .slice(6)
        .map(({ key }) => key)
        .sort(),
    ).toEqual(['A', 'B', 'C']);
  });

  it('counts the gaps of lines that are not envelopes, and gives no message for them', async () => {
    const feed = await Feed.start();
    const { messages, readAll, node } = await startClient(feed.port);
    void readAll();
    await until(() => feed.clients.length === 1);
    feed.send('{"symbol":"A","price":1,"vwap":1}\n');
    await until(() => messages.length === 1);
    feed.clients[0]?.end();
    await until(() => feed.clients.length === 2 && node.state === 'ok');
    feed.send('{"symbol":"A","price":2,"vwap":1.5}\n');
    await until(() => messages.length === 2);
    expect(messages.map(({ value }) => (value as { price: number }).price)).toEqual([1, 2]);
    expect(node.extra).toMatchObject({ gaps: 1, open_gaps: 0 });
  });

  it('drops the oldest lines when the pipeline does not read, and counts them', async () => {
    const feed = await Feed.start();
    const { messages, readAll, node, stop } = await startClient(feed.port, { queue: { messages: 10 } });
    await until(() => feed.clients.length === 1);
    feed.send(Array.from({ length: 100 }, (_, number) => `{"number":${number}}\n`).join(''));
    await until(() => node.extra['skipped_lines'] === 90);
    stop();
    await readAll();
    expect(numbersOf(messages)).toEqual([90, 91, 92, 93, 94, 95, 96, 97, 98, 99]);
  });

  it('keeps the latest line of each key when it is set to conflate', async () => {
    const feed = await Feed.start();
    const { messages, readAll, node, stop } = await startClient(feed.port, {
      queue: { messages: 4, when_full: 'conflate' },
    });
    await until(() => feed.clients.length === 1);
    const lines = Array.from({ length: 100 }, (_, number) => ({ symbol: number % 2 ? 'A' : 'B', number }));
    feed.send(lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await until(() => node.extra['skipped_lines'] === 98);
    stop();
    await readAll();
    expect(numbersOf(messages).sort()).toEqual([98, 99]);
  });

  it('stops reading from the connection when it is set to pause, and loses nothing', async () => {
    const feed = await Feed.start();
    const { messages, readAll, node } = await startClient(feed.port, { queue: { messages: 10, when_full: 'pause' } });
    await until(() => feed.clients.length === 1);
    const padding = 'x'.repeat(1000);
    const lines = Array.from({ length: 20_000 }, (_, number) => `${JSON.stringify({ number, padding })}\n`);
    feed.send(lines.join(''));
    await until(() => (feed.clients[0]?.writableLength ?? 0) > 0);
    // More turns than a reader without a bound would need for all lines.
    for (let turn = 0; turn < 2000; turn++) await systemClock.turn();
    expect(feed.clients[0]?.writableLength).toBeGreaterThan(0);
    void readAll();
    await until(() => messages.length === 20_000);
    expect(numbersOf(messages)).toEqual(lines.map((_, number) => number));
    expect(node.extra['skipped_lines'] ?? 0).toBe(0);
  });

  it('disconnects when its lane is no longer wanted, and gives the rest', async () => {
    const feed = await Feed.start();
    const { messages, readAll, stop, lane } = await startClient(feed.port);
    await until(() => feed.clients.length === 1);
    feed.send('{"number":1}\n{"number":2}\n');
    const first = await lane.read(never);
    feed.send('{"number":3}\n');
    stop();
    await until(() => feed.clients[0]?.destroyed === true);
    await readAll();
    expect(numbersOf([...(first?.messages ?? []), ...messages]).slice(0, 2)).toEqual([1, 2]);
    expect(await lane.read(never)).toBeUndefined();
  });

  it('closes in every state: never subscribed, connecting, retrying, connected', async () => {
    const environment = testEnvironment();
    const connector = await tcp.create(optionsOf(tcp, { connect: '127.0.0.1:1' }), { ...environment, name: 'feed' });
    const unused = connector.source?.({}, roleContext(environment));
    await unused?.close();
    await unused?.close();
    const retrying = await startClient(1);
    await until(() => retrying.node.state === 'retrying');
    await retrying.source.close();
    expect(retrying.lane.signal.aborted).toBe(true);
    const feed = await Feed.start();
    const connecting = await startClient(feed.port);
    await connecting.source.close();
    expect(await connecting.lane.read(never)).toBeUndefined();
  });

  it('gives a gap message that a server relays the key that it had', async () => {
    const environment = testEnvironment();
    const connector = await tcp.create(optionsOf(tcp, { listen: '127.0.0.1:0' }), { ...environment, name: 'relay' });
    const context = roleContext(environment);
    const sink = connector.sink?.({}, context) as Sink;
    await sink.connect(never);
    const client = await startClient(portOf(environment.log));
    void client.readAll();
    await until(() => context.node.extra['clients'] === 1);
    const gap = { from: 1000, reason: 'away', feed: 'finnhub' };
    const relayed = ['AAPL', 'MSFT'].map((symbol) => toMessage(gapMessage(gap, symbol, 1500), undefined));
    await sink.write(relayed, never);
    await until(() => client.messages.length === 2);
    expect(client.messages.map(({ key }) => key)).toEqual(['AAPL', 'MSFT']);
    const { out, context: after } = await runOperators(
      [operator(gaps, '{}')],
      client.messages.map(({ value }) => value),
      { record: (index) => ({ key: client.messages[index]?.key ?? null }) },
    );
    expect(after.rejections).toEqual([]);
    expect(out).toHaveLength(2);
    client.stop();
    await sink.close();
  });
});
