import { once } from 'node:events';
import { Agent } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { agents, ask, closeAll, never, refusal, sockets, sourceOf, start } from '../support/sockets/rest.ts';
import { closed, dial, portOf, received, until } from '../support/sockets/sockets.ts';

afterEach(closeAll);

describe('rest at its start and its end', () => {
  it('answers 503 until its requests are handled', async () => {
    const { source, log } = await sourceOf();
    await source.connect(never);
    expect(await ask(portOf(log), '/api/v1/symbols')).toMatchObject({ status: 503, body: refusal() });
  });

  it('ends the topology when another program has the port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { source } = await sourceOf({ listen: `127.0.0.1:${port}` });
    await expect(source.connect(never)).rejects.toMatchObject({
      code: 'FDP_PORT_IN_USE',
      fault: 'fatal',
      message: `http: port ${port} on 127.0.0.1 is in use by another program: stop that program, or change \`listen\``,
    });
    other.close();
    await source.close();
  });

  it('waits for its port if it had it before', async () => {
    const first = createServer().listen(0, '127.0.0.1');
    await once(first, 'listening');
    const { port } = first.address() as AddressInfo;
    first.close();
    await once(first, 'close');
    const { source, another } = await sourceOf({ listen: `127.0.0.1:${port}` });
    await source.connect(never);
    await source.close();
    const other = createServer().listen(port, '127.0.0.1');
    await once(other, 'listening');
    const again = another();
    await expect(again?.connect(never)).rejects.toMatchObject({ code: 'FDP_PORT_IN_USE', fault: 'transient' });
    other.close();
    await again?.close();
  });

  it('warns when other machines can reach it', async () => {
    const { source, log } = await sourceOf({ listen: '0.0.0.0:0', insecure: true });
    await source.connect(never);
    expect(log.lines.filter(({ level }) => level === 'warn').map(({ text }) => text)).toEqual([
      expect.stringMatching(
        /^http: port \d+ on 0\.0\.0\.0 is open to other machines without keys and TLS: whoever can reach it may read what it serves, and so may everybody on the way \(insecure\)$/,
      ),
    ]);
  });

  it('does not warn in a container, whose ports may be published for this machine alone', async () => {
    vi.stubEnv('FDP_CONTAINER', 'true');
    const { source, log } = await sourceOf({ listen: '0.0.0.0:0', insecure: true });
    await source.connect(never);
    vi.unstubAllEnvs();
    expect(log.lines.filter(({ level }) => level === 'warn')).toEqual([]);
    expect(log.lines.map(({ text }) => text)).toContainEqual(
      expect.stringMatching(
        /^http: port \d+ on 0\.0\.0\.0, for whom the container publishes it, is without keys and TLS: /,
      ),
    );
  });

  it('finishes requests in progress during a drain, and accepts no new ones', async () => {
    const { port, get, lanes, subscription } = await start({}, () => {});
    const agent = new Agent({ keepAlive: true });
    agents.push(agent);
    const idle = ask(port, '/nothing', { agent });
    expect((await idle).status).toBe(404);
    const pending = get('/api/v1/symbols', { agent: new Agent({ keepAlive: true }) });
    await until(() => lanes.length === 1);
    subscription.unsubscribe();
    await expect(get('/api/v1/symbols')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    lanes[0]?.request?.respond('done');
    expect(await pending).toMatchObject({ status: 200, headers: { connection: 'close' }, body: { data: 'done' } });
  });

  it('answers 503 to requests on an open connection during a drain, and closes it', async () => {
    const { port, get, lanes, node, subscription } = await start();
    const socket = await dial(port);
    sockets.push(socket);
    const seen = received(socket);
    const end = closed(socket);
    socket.write('GET /api/v1/symbols HTTP/1.1\r\n');
    expect((await get('/api/v1/symbols')).status).toBe(200);
    subscription.unsubscribe();
    socket.write('Host: localhost\r\n\r\n');
    await end;
    expect(seen.text).toMatch(/^HTTP\/1.1 503 [\s\S]*Connection: close\r\n/);
    expect(lanes).toHaveLength(1);
    expect(node.extra['refused']).toBe(1);
  });

  it('leaves no connection behind after close, whatever was open', async () => {
    const { port, lanes, source, subscription } = await start({ timeout: '1h', client_timeout: '1h' }, () => {});
    const agent = new Agent({ keepAlive: true });
    agents.push(agent);
    await ask(port, '/nothing', { agent });
    const silent = await dial(port);
    const half = await dial(port);
    half.write('GET /api/v1/sym');
    const pending = ask(port, '/api/v1/symbols', { agent });
    await until(() => lanes.length === 1);
    const ends = [silent, half].map((socket) => closed(socket.resume()));
    subscription.unsubscribe();
    await Promise.all([source.close(), source.close()]);
    expect(await pending).toMatchObject({ status: 503, body: refusal() });
    expect(lanes[0]?.signal.aborted).toBe(true);
    await Promise.all(ends);
    const next = createServer().listen(port, '127.0.0.1');
    await once(next, 'listening');
    next.close();
  });

  it('can be closed before it was connected', async () => {
    const { source } = await sourceOf();
    await source.close();
  });
});
