import { connect, type Socket } from 'node:net';
import { freePort } from './platform.ts';

/** The environment that a platform needs: a data folder and free ports. */
export interface Workspace {
  readonly env: Readonly<Record<string, string>>;
  readonly api: string;
  readonly tcpPort: number;
}

export async function workspaceIn(folder: string): Promise<Workspace> {
  const [apiPort, tcpPort, observePort] = [await freePort(), await freePort(), await freePort()];
  return {
    env: {
      FDP_DATA: folder,
      API_PORT: String(apiPort),
      TCP_PORT: String(tcpPort),
      OBSERVE_PORT: String(observePort),
    },
    api: `http://127.0.0.1:${apiPort}`,
    tcpPort,
  };
}

export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The response to a GET; undefined while no server listens. */
export async function get(url: string): Promise<Answer | undefined> {
  try {
    const response = await fetch(url);
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  } catch {
    return undefined;
  }
}

/** A TCP client that keeps every line, and reconnects until a server listens. */
export class LineReader {
  readonly lines: string[] = [];
  #rest = '';
  #socket: Socket | undefined;
  #over = false;
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
    this.#dial();
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === 'open';
  }

  [Symbol.dispose](): void {
    this.#over = true;
    this.#socket?.destroy();
  }

  #dial(): void {
    if (this.#over) return;
    const socket = connect(this.#port, '127.0.0.1');
    this.#socket = socket;
    socket.on('error', () => setTimeout(() => this.#dial(), 50));
    socket.on('data', (chunk) => {
      const parts = (this.#rest + chunk.toString()).split('\n');
      this.#rest = parts.pop() ?? '';
      this.lines.push(...parts);
    });
  }
}
