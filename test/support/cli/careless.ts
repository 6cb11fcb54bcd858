import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { NEVER } from 'rxjs';
import { run } from '../../../src/cli/run/run.ts';
import { linkedAbort } from '../../../src/kit/clock.ts';
import type { Connector } from '../../../src/kit/connector.ts';
import { listen } from '../../../src/kit/listen.ts';
import type { RoleContext } from '../../../src/kit/role.ts';
import type { Source } from '../../../src/kit/source.ts';
import { connectorOf, planOf, WorldSink } from '../engine/world.ts';

// A process for the integration tests: its one topology leaves a server with its connections, a connection to another
// port, and a timer open. Prints the server's port as a JSON line. Argument: the other port.

const { signal } = linkedAbort().controller;
const other = Number(process.argv[2]);

async function open({ log, node }: RoleContext): Promise<void> {
  // It sends much to every client, whether or not the client reads.
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => {});
    socket.write(Buffer.alloc(64 * 1024 * 1024));
  });
  const port = await listen(
    server,
    { name: 'api', address: '127.0.0.1:0', log, protection: { keys: false, tls: false } },
    signal,
  );
  node.address = `127.0.0.1:${other}`;
  const socket = connect(other, '127.0.0.1');
  await once(socket, 'connect');
  setInterval(() => {}, 60_000);
  process.stdout.write(`${JSON.stringify({ event: 'listening', port })}\n`);
}

const careless: Connector = {
  source: (_usage, context): Source => ({
    replayable: false,
    connect: () => open(context),
    lanes: NEVER,
    close: async () => {},
  }),
  close: async () => {},
};

process.exitCode = await run({
  plan: planOf({
    connectors: { careless, kept: connectorOf({ sink: () => new WorldSink().sink() }) },
    source: 'careless',
    sinks: ['kept'],
  }),
  profile: undefined,
  version: '0',
  env: { OBSERVE_PORT: '0' },
  secrets: [],
  mask: (text) => text,
});
