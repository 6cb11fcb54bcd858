import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { frameFor, type TradeFrame } from './protocol.ts';

interface Late {
  readonly text: string;
  /** Frames that are still sent before it. */
  after: number;
}

/** One client: its subscriptions, and the frames held back from it. */
export class Client {
  readonly symbols = new Set<string>();
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  readonly #late: Late[] = [];

  constructor(socket: WebSocket, stream: Socket) {
    this.#socket = socket;
    this.#stream = stream;
  }

  /** Bytes that wait in this process to be sent. */
  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(text);
  }

  /**
   * Sends the trades that the client wants, `copies` times, after `late` further frames; then all due frames of those
   * held back. Returns the number of frames sent.
   */
  give(frame: TradeFrame, { copies, late }: { readonly copies: number; readonly late: number }): number {
    const text = frameFor(frame, this.symbols);
    if (text === undefined) return 0;
    const due: string[] = [];
    if (late === 0) for (let copy = 0; copy < copies; copy++) due.push(text);
    for (const held of this.#late) held.after--;
    while (this.#late[0] && this.#late[0].after <= 0) due.push(this.#late.shift()?.text ?? '');
    if (late > 0) this.#late.push({ text, after: late });
    for (const one of due) this.send(one);
    return due.length;
  }

  /** Closes the connection abruptly, in the middle of a frame, of which only the first bytes are sent. */
  disconnect(): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#stream.write(tornFrame);
    this.#socket.terminate();
  }

  /** Closes the connection normally. */
  close(): void {
    this.#socket.close(1001, 'the server stops');
  }

  terminate(): void {
    this.#socket.terminate();
  }
}

/** A text frame that announces 126 bytes and holds four. */
const tornFrame = Buffer.concat([Buffer.from([0x81, 126, 0, 126]), Buffer.from('{"ty')]);
