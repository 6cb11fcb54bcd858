import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Express } from 'express';
import type { RoleContext } from '../../src/kit/role.ts';
import { badRequest, malformed } from './answer.ts';
import type { Connections } from './connections.ts';

interface ServerLimits {
  readonly timeoutMs: number;
  readonly clientTimeoutMs: number;
  readonly maxConnections: number;
  readonly maxHeader: number;
}

interface ServerParts {
  readonly app: Express;
  readonly limits: ServerLimits;
  readonly connections: Connections;
  readonly node: RoleContext['node'];
  /** A connection has closed. */
  forget(socket: Socket): void;
}

const noExpectation = badRequest(417, 'Expect: only 100-continue is supported; leave the header out');

/**
 * The HTTP server with its limits: invalid requests never reach the application. Counts `refused_connections` and
 * `malformed`.
 */
export function makeServer({ app, limits, connections, node, forget }: ServerParts): Server {
  const { clientTimeoutMs, timeoutMs, maxHeader, maxConnections } = limits;
  const server = createServer(
    {
      headersTimeout: clientTimeoutMs / 2,
      requestTimeout: clientTimeoutMs,
      connectionsCheckingInterval: Math.min(1000, clientTimeoutMs / 4),
      keepAliveTimeout: 5000,
      maxHeaderSize: maxHeader,
      // The application replies itself, in the common envelope.
      requireHostHeader: false,
    },
    app,
  );
  server.maxConnections = maxConnections;
  // For connections without a request; longer than a request may last.
  server.timeout = 2 * (timeoutMs + clientTimeoutMs);
  server.on('drop', () => node.count('refused_connections'));
  server.on('clientError', (error, socket) => {
    if (connections.refuse(socket, malformed(error))) node.count('malformed');
  });
  server.on('checkExpectation', ({ socket }) => connections.refuse(socket, noExpectation));
  // A pipelined request that waits behind another has no response object that reports a disconnect.
  server.on('connection', (socket) => socket.on('close', () => forget(socket)));
  return server;
}
