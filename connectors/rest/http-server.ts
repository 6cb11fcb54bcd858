import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import type { RoleContext } from '../../src/kit/role.ts';
import type { ServerTls } from '../../src/kit/tls.ts';
import { badRequest, malformed } from './answer.ts';
import type { Connections } from './connections.ts';

interface ServerLimits {
  readonly timeoutMs: number;
  readonly clientTimeoutMs: number;
  readonly maxHeader: number;
}

interface ServerParts {
  readonly app: Express;
  readonly limits: ServerLimits;
  readonly connections: Connections;
  readonly node: RoleContext['node'];
  /** Undefined: not encrypted. */
  readonly tls: ServerTls | undefined;
  /** A connection has closed. */
  forget(socket: Socket): void;
}

const noExpectation = badRequest(417, 'Expect: only 100-continue is supported; leave the header out');

/**
 * The HTTP or HTTPS server with its limits: invalid requests never reach the application. Counts `malformed`.
 * @throws FDP_REFUSED when the files of `tls` can't be used
 */
export function makeServer({ app, limits, connections, node, tls, forget }: ServerParts): Server {
  const { clientTimeoutMs, timeoutMs, maxHeader } = limits;
  const options = {
    headersTimeout: clientTimeoutMs / 2,
    requestTimeout: clientTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, clientTimeoutMs / 4),
    keepAliveTimeout: 5000,
    maxHeaderSize: maxHeader,
    // The application replies itself, in the common envelope.
    requireHostHeader: false,
  };
  const encrypted = (files: object) => createTlsServer({ ...options, ...files }, app);
  const server = tls ? tls.serve(encrypted, () => node.count('malformed')) : createServer(options, app);
  // For connections without a request; longer than a request may last.
  server.timeout = 2 * (timeoutMs + clientTimeoutMs);
  server.prependListener('connection', (socket: Socket) => connections.enter(socket));
  server.on('clientError', (error, socket) => {
    if (connections.refuse(socket, malformed(error))) node.count('malformed');
  });
  server.on('checkExpectation', ({ socket }) => connections.refuse(socket, noExpectation));
  // A pipelined request that waits behind another has no response object that reports a disconnect.
  server.on(tls ? 'secureConnection' : 'connection', (socket) => socket.on('close', () => forget(socket)));
  return server;
}
