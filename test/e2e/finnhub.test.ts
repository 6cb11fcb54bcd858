import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { expectStoredOnce, lettersOf, logOf, storedTrades } from '../support/cli/stored.ts';
import { workspaceIn } from '../support/cli/workspace.ts';
import { type Disconnect, NumberedExchange } from '../support/sockets/numbered-exchange.ts';

const symbols = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];
const token = 'c0ffee-secret-key';
/** Four connections in a row that last less than ten seconds would be reported as another user of the key. */
const longEnoughMs = 10_100;

/** The shipped pipeline with a feed that reconnects at once: a connection counts as healthy from its start. */
function impatientPipeline(folder: string): string {
  const token = '    token: $';
  return pipelineCopy(folder, [token, `    reconnect: { min: 50ms, max: 200ms, healthy: 10ms }\n${token}`]);
}

/** The numbers of the trades in the log. */
function numbersOf(folder: string): readonly number[] {
  return logOf(folder).flatMap(({ value }) => JSON.parse(value).data.map(({ v }: { v: number }) => v));
}

describe.concurrent('finnhub', () => {
  it('keeps every trade of every delivered frame exactly once over ten disconnects of any kind', async () => {
    using folder = temporaryFolder();
    await using exchange = await NumberedExchange.open(symbols);
    const { env } = await workspaceIn(folder.path);
    const args = ['--pipeline', impatientPipeline(folder.path), '--topology', 'ingestor,processor'];
    await using platform = new Process(args, {
      ...env,
      ...{ FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: token },
    });
    const kinds: readonly Disconnect[] = ['end', 'torn', 'reset'];
    for (let round = 0; round < 10; round++) {
      await exchange.subscribed();
      await exchange.sendTrades(50);
      const since = exchange.openedAt.at(-1) ?? 0;
      if (round % 4 === 3)
        await eventually('an old connection', async () => performance.now() - since > longEnoughMs, 20_000);
      await exchange.sendTrades(5);
      await exchange.disconnect(kinds[round % kinds.length] as Disconnect);
    }
    await exchange.subscribed();
    await exchange.sendTrades(50);
    await eventually('the last trades', async () => numbersOf(folder.path).length >= exchange.delivered.length);
    expect([...numbersOf(folder.path)].sort((a, b) => a - b)).toEqual(exchange.delivered);
    for (const symbol of symbols) {
      const ofOne = logOf(folder.path).filter(({ key }) => key === symbol);
      const numbers = ofOne.flatMap(({ value }) => JSON.parse(value).data.map(({ v }: { v: number }) => v));
      expect(numbers, `order of ${symbol}`).toEqual([...numbers].sort((a, b) => a - b));
    }
    const { trades } = await expectStoredOnce(folder.path);
    expect(trades).toHaveLength(exchange.delivered.length);
    expect(await platform.stop()).toBe(0);
    const gaps = platform.log.filter(({ msg }) => msg.includes('may be missing'));
    // A disconnect before all symbols are subscribed again belongs to the gap that is still open.
    expect(gaps.length).toBeGreaterThan(0);
    expect(gaps.length).toBeLessThanOrEqual(10);
    expect(platform.output).not.toContain(token);
  });

  it('reads the simulator over the real protocol through ten disconnects, and stores what it has read once', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const port = await freePort();
    const url = `ws://127.0.0.1:${port}`;
    const pipeline = impatientPipeline(folder.path);
    await using simulator = new Process(['--topology', 'simulator'], {
      ...env,
      ...{ OBSERVE_PORT: '', SIMULATOR_PORT: String(port), SIMULATOR_TOKEN: token },
    });
    await eventually('a simulator that listens', async () => simulator.output.includes('exchange: listening'));
    await using platform = new Process(['--pipeline', pipeline, '--topology', 'ingestor,processor'], {
      ...env,
      ...{ FDP_FEED: 'finnhub', FINNHUB_URL: url, FINNHUB_TOKEN: token },
    });
    const connections = () => platform.log.filter(({ msg }) => msg.includes('connected to')).length;
    for (let round = 0; round < 10; round++) {
      await eventually('a connection', async () => connections() > round);
      const opened = performance.now();
      const before = logOf(folder.path).length;
      await eventually('trades', async () => logOf(folder.path).length > before + 5);
      if (round % 4 === 3)
        await eventually('an old connection', async () => performance.now() - opened > longEnoughMs, 20_000);
      await askForDisconnect(`${url}?token=${token}`);
    }
    await eventually('the last connection', async () => connections() > 10);
    const before = logOf(folder.path).length;
    await eventually('trades after the last cut', async () => logOf(folder.path).length > before + 20);
    expect(await simulator.stop()).toBe(0);
    const { trades } = await expectStoredOnce(folder.path);
    expect(trades.length).toBeGreaterThan(100);
    expect(lettersOf(folder.path)).toEqual([]);
    expect(await platform.stop()).toBe(0);
    expect(platform.output + simulator.output).not.toContain(token);
  });

  it('ends with 1 and one clear line, without the key, when the key is refused', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    const port = await freePort();
    await using simulator = new Process(['--topology', 'simulator'], {
      ...env,
      ...{ OBSERVE_PORT: '', SIMULATOR_PORT: String(port) },
    });
    await eventually('a simulator that listens', async () => simulator.output.includes('exchange: listening'));
    const feed = { FDP_FEED: 'finnhub', FINNHUB_URL: `ws://127.0.0.1:${port}`, FINNHUB_TOKEN: token };
    await using refused = new Process(['--topology', 'ingestor'], { ...env, ...feed, LOG_LEVEL: 'debug' });
    expect(await refused.ended).toBe(1);
    expectOneClearLine(refused);
    expect(await simulator.stop()).toBe(0);
  });

  it('continues when the server reports it in a frame, and hides the key in it', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using exchange = await NumberedExchange.open(symbols);
    const feed = { FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: token };
    await using platform = new Process(['--topology', 'ingestor'], { ...env, ...feed, LOG_LEVEL: 'debug' });
    await exchange.subscribed();
    await exchange.send(JSON.stringify({ type: 'error', msg: `Invalid API key ${token}` }));
    const reason = 'finnhub: the server says: Invalid API key ***';
    await eventually('the warning', async () => platform.log.some(({ msg }) => msg === reason));
    expect(await platform.stop()).toBe(0);
    expect(platform.output).not.toContain(token);
  });

  it('puts each garbage frame into the dead letter, also a thousand in a row, and continues', async () => {
    using folder = temporaryFolder();
    const { env } = await workspaceIn(folder.path);
    await using exchange = await NumberedExchange.open(symbols);
    await using platform = new Process(['--topology', 'ingestor,processor'], {
      ...env,
      ...{ FDP_FEED: 'finnhub', FINNHUB_URL: exchange.url, FINNHUB_TOKEN: token },
    });
    await exchange.subscribed();
    const garbage = [
      '{"type":"trade","data":[{"p":1',
      'not JSON',
      '[]',
      'null',
      '42',
      '{"type":"trade"}',
      '{"type":"trade","data":"nothing"}',
      '{"type":"trade","data":{"0":{"s":"AAPL"}}}',
      Buffer.from([0xff, 0xfe, 0x00, 0x80]),
      '',
    ];
    for (const frame of garbage) {
      await exchange.sendTrades(2);
      await exchange.send(frame);
    }
    const lettersArrive = async (count: number) => {
      await eventually(`${count} dead letters`, async () => lettersOf(folder.path).length >= count);
      expect(lettersOf(folder.path)).toHaveLength(count);
    };
    await lettersArrive(garbage.length);
    const bytesOf = (frame: string | Uint8Array) => Buffer.from(frame as string).toString('base64');
    expect(
      lettersOf(folder.path)
        .map(({ value, encoding }) => Buffer.from(value, encoding).toString('base64'))
        .sort(),
    ).toEqual(garbage.map(bytesOf).sort());
    for (const letter of lettersOf(folder.path))
      expect(letter).toMatchObject({
        topology: 'ingestor',
        code: expect.stringMatching(/^FDP_MESSAGE_/),
        reason: expect.stringMatching(/^[^\n]+$/),
        origin: { lane: 'finnhub' },
      });

    for (let frame = 0; frame < 1500; frame++) await exchange.send(`garbage ${frame}`);
    await lettersArrive(garbage.length + 1500);
    await exchange.sendTrades(40);
    await eventually('trades after it all', async () => storedTrades(folder.path) >= exchange.delivered.length);
    const { trades } = await expectStoredOnce(folder.path);
    expect(trades).toHaveLength(exchange.delivered.length);
    expect(exchange.openedAt).toHaveLength(1);
    expect(await platform.stop()).toBe(0);
  });
});

function expectOneClearLine(process: Process): void {
  const errors = process.log.filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(1);
  expect(errors[0]?.msg).toMatch(/finnhub: the server refused the token.*FINNHUB_TOKEN.*finnhub\.io\/register/);
  expect(process.output).not.toContain(token);
}

/** Connects as one more client and requests that all connections are closed. */
async function askForDisconnect(address: string): Promise<void> {
  const client = new WebSocket(address);
  client.on('error', () => {});
  client.on('open', () => client.send('{"type":"fault","fault":"cut"}'));
  await new Promise((resolve) => client.on('close', resolve));
}
