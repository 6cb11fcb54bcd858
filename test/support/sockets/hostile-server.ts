import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';

/** What a server does to one connection, after it has received the whole handshake request. */
export type Deed = (socket: Socket, request: string) => void;

/** A TCP server that applies one deed to each connection in turn, and the last one to all further connections. */
export async function hostileServer(...deeds: readonly Deed[]) {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    const deed = deeds[Math.min(connections++, deeds.length - 1)];
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', (request) => deed?.(socket, request.toString()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Responds with this status line and nothing else. */
export function answer(status: string, headers = ''): Deed {
  return (socket) => void socket.end(`HTTP/1.1 ${status}\r\n${headers}Content-Length: 0\r\n\r\n`);
}

/** Completes the handshake, then sends these bytes. */
export function upgradeThen(...parts: readonly Buffer[]): Deed {
  return (socket, request) => {
    const key = /Sec-WebSocket-Key: (.*)\r\n/i.exec(request)?.[1] ?? '';
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    socket.write(Buffer.concat(parts));
  };
}

/** A complete text frame, as a server sends it. */
export function textFrame(text: string): Buffer {
  const payload = Buffer.from(text);
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10, 0x81);
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (length >= 65_536) head.writeBigUInt64BE(BigInt(length), 2);
  else if (length >= 126) head.writeUInt16BE(length, 2);
  return Buffer.concat([head, payload]);
}
