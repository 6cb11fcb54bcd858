import { byId, setAttribute, setText } from './dom.ts';
import type { Connection } from './stream.ts';

const shown: Readonly<Record<Connection, readonly [text: string, tone: string]>> = {
  connecting: ['◐ Connecting …', 'wait'],
  live: ['● Live', 'good'],
  lost: ['▲ Disconnected: trying again. Is "fdp --topology api" running?', 'bad'],
  paused: ['○ Paused while hidden', 'off'],
};

/** Shows the state of the connection. */
export function showConnection(connection: Connection): void {
  const pill = byId('connection');
  const [text, tone] = shown[connection];
  setText(pill, text);
  setAttribute(pill, 'data-tone', tone);
  setAttribute(document.body, 'data-stale', connection === 'lost');
}
