import { join } from 'node:path';
import { expect } from 'vitest';
import { LineFeed } from '../sockets/line-feed.ts';
import { eventually, temporaryFolder } from './platform.ts';
import { Terminal } from './tmux.ts';

const startedAt = Date.UTC(2026, 0, 5, 14, 30);
/** A line of the feed. */
export const trade = (symbol: string, price: number, vwap: number | null = 100) => ({
  time: new Date(startedAt).toISOString(),
  ...{ symbol, price, vwap },
});

/** A dashboard in a terminal, connected to a feed of the test. */
export async function dashboard({ width = 100, height = 30, env = {}, feedPort = 0 } = {}) {
  const folder = temporaryFolder();
  const feed = await LineFeed.open(feedPort);
  const terminal = new Terminal(['--topology', 'dashboard'], {
    ...{ folder: folder.path, width, height },
    env: { VWAP_FEED: `127.0.0.1:${feed.port}`, FDP_DATA: join(folder.path, 'data'), OBSERVE_PORT: '0', ...env },
  });
  const end = async () => {
    terminal[Symbol.dispose]();
    await feed.close();
    folder[Symbol.dispose]();
  };
  try {
    await terminal.shows('fdp  [1 Prices]');
    await eventually('a client', async () => feed.clients > 0);
  } catch (error) {
    await end();
    throw error;
  }
  return { feed, terminal, [Symbol.asyncDispose]: end };
}

/** Expects a restored terminal: nothing of the screen is left, and its settings are as before. */
export async function expectRestored(terminal: Terminal, end: string): Promise<string> {
  const text = await terminal.shows('the terminal is as it was');
  expect(text).toContain('the line before');
  expect(text).toContain(`ended with ${end}`);
  expect(text).not.toContain('[1 Prices]');
  expect(text.match(/the log goes to .*dashboard\.log/g)?.length).toBe(2);
  expect(terminal.modes).toEqual({ hasCursor: true, isTaken: false });
  return text;
}

/** Escape sequences that set a colour. */
export const colour = new RegExp(`${String.fromCharCode(27)}\\[(?:\\d+;)*(?:3[0-8]|9\\d)[;m]`);
export const row = (symbol: string) => new RegExp(`^[> ] ${symbol} .*$`, 'm');
