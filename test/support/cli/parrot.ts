import { createServer, type Socket } from 'node:net';

/** A server that repeats whatever it gets, as the reason of a refusal of HTTP: the worst that a remote error text can be. */
export interface Parrot {
  readonly port: number;
  /** How many clients have said something. */
  readonly heard: number;
  [Symbol.asyncDispose](): Promise<void>;
}

export async function parrot(): Promise<Parrot> {
  const sockets = new Set<Socket>();
  let heard = 0;
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (chunk) => {
      heard++;
      const said = chunk.toString('latin1');
      const [line = ''] = said.split('\r\n');
      const body = `{"error":${JSON.stringify(said)}}`;
      const head = `HTTP/1.1 401 ${line}\r\nX-Reason: ${line}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`;
      socket.end(said.startsWith('GET ') ? `${head}${body}` : chunk);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  return {
    port,
    get heard() {
      return heard;
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
