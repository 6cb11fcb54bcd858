import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import type { ReplayState } from '../../../src/kit/replay.ts';
import { launchChromium, openPage } from '../browser/browser.ts';
import { pipelineCopy } from './pipeline-copy.ts';
import { eventually, Process } from './platform.ts';
import { Terminal } from './tmux.ts';
import { LineReader, workspaceIn } from './workspace.ts';

/** What is shown of a market: the lines of the feed by symbol, the cells of the page, and the rows of the dashboard. */
export interface Shown {
  readonly lines: Readonly<Record<string, readonly string[]>>;
  readonly symbols: readonly (readonly string[])[];
  readonly trades: readonly string[];
  readonly screen: readonly string[];
}

/** Whose trades the page shows. */
const symbol = 'AAPL';
const readers = 'analytics,candles,processor,api,live,dashboard';
/** As slow as can be: every client is there before the second message. */
const crawling = '0.001x';

interface Market {
  readonly seconds: number;
  readonly rate: number;
}

/**
 * Runs the shipped pipeline on a mock market that ends, with its page in a browser and its dashboard in a terminal; records its log, and
 * replays the tape at 60x with the same.
 */
export async function liveAndReplayed(folder: string, { seconds, rate }: Market) {
  const trades = seconds * rate;
  const limited = ['rate: 50/s, seed: 42 }', `rate: ${rate}/s, seed: 42, limit: ${trades} }`] as const;
  const pipeline = ['--pipeline', pipelineCopy(folder, limited)];
  const browser = await launchChromium();
  try {
    const live = await watched(
      folder,
      'live',
      { browser, trades, args: [...pipeline, '--topology', readers] },
      async (world) => {
        await using market = new Process([...pipeline, '--topology', 'ingestor'], { ...world.env, OBSERVE_PORT: '' });
        await eventually('the lines', async () => world.reader.lines.length >= trades, seconds * 3000 + 60_000);
        await market.stop();
        await eventually('all trades', async () => (await storedIn(world.api)) === trades);
        const tape = new Process([...pipeline, 'record', '--from', 'ticks', '-o', join(folder, 'tape')], world.env);
        if ((await tape.ended) !== 0) throw new Error(tape.output);
      },
    );
    const args = [...pipeline, 'replay', join(folder, 'tape'), '--speed', crawling, '--topology', readers];
    const replayed = await watched(folder, 'replayed', { browser, trades, args }, async ({ api }) => {
      await post(api, 'speed=60x');
      await eventually('the end', async () => (await stateAt(api)).isOver, seconds * 1000 + 60_000);
    });
    return { live, replayed };
  } finally {
    await browser.close();
  }
}

interface Watching {
  readonly browser: Browser;
  readonly trades: number;
  readonly args: readonly string[];
}

interface World {
  readonly env: Readonly<Record<string, string>>;
  readonly api: string;
  readonly reader: LineReader;
}

/** What is shown by a platform in a terminal once `play` is done, and everything stored. */
async function watched(
  folder: string,
  name: string,
  { browser, trades, args }: Watching,
  play: (world: World) => Promise<void>,
): Promise<Shown> {
  const place = join(folder, name);
  mkdirSync(place);
  const { env, api, tcpPort } = await workspaceIn(join(folder, 'data'));
  using reader = new LineReader(tcpPort);
  using terminal = new Terminal(args, { folder: place, env, width: 120 });
  await eventually('the API', async () => (await fetch(api).catch(() => undefined))?.ok);
  await eventually('a client', async () => reader.isConnected);
  await terminal.shows('connected to');
  await using view = await openPage(browser, `${api}/?symbol=${symbol}`);
  const { page } = view;
  await eventually('the page', async () => (await page.locator('#name').innerText()) !== '');
  await play({ env, api, reader });
  const cells = () => page.locator('#symbols tr').evaluateAll(cellsOf);
  await eventually('the stored trades', async () => {
    const counts = (await cells()).map((row) => Number(row.at(-1)?.replaceAll(/\D/g, '')));
    return counts.reduce((sum, count) => sum + count, 0) === trades;
  });
  const rows = () => page.locator('#trades tr').allInnerTexts();
  await eventually('the newest trade', async () => (await rows())[0]?.startsWith(await newestIn(api)));
  await terminal.shows(/0\.0 lines\/s/);
  const shown: Shown = {
    lines: bySymbol(reader.lines),
    symbols: (await cells()).map(([name = '', price = '', distance = '', _rate, stored = '']) => {
      // The direction, and how many digits are shown, are of what came between two paints.
      return [name, numberOf(price), distance, stored];
    }),
    trades: (await rows()).map((row) => row.replace(/\t(\S+)\t/, (_, price: string) => ` ${numberOf(price)} `)),
    screen: terminal.lines.flatMap((line) => /^[> ] [A-Z]+ .*?(?= +[+-]?[\d.]+ bp)/.exec(line)?.[0] ?? []),
  };
  terminal.press('q');
  await terminal.shows('ended with 0');
  return shown;
}

function numberOf(text: string): string {
  return String(Number(text.replaceAll(/[^\d.]/g, '')));
}

/** Runs in the browser. */
function cellsOf(rows: readonly { readonly children: ArrayLike<{ readonly textContent: string | null }> }[]) {
  return rows.map(({ children }) => Array.from(children, ({ textContent }) => textContent ?? ''));
}

/** Partitions have no order among each other. */
function bySymbol(lines: readonly string[]): Shown['lines'] {
  const groups: Record<string, string[]> = {};
  for (const line of lines) {
    const { symbol } = JSON.parse(line) as { readonly symbol: string };
    groups[symbol] = [...(groups[symbol] ?? []), line];
  }
  return groups;
}

async function storedIn(api: string): Promise<number> {
  const { data } = (await (await fetch(`${api}/api/v1/symbols`)).json()) as {
    readonly data: { readonly available: readonly { readonly trade_count: number }[] };
  };
  return data.available.reduce((sum, { trade_count }) => sum + trade_count, 0);
}

/** The time of day of the newest trade, as the page writes it. */
async function newestIn(api: string): Promise<string> {
  const { data } = (await (await fetch(`${api}/api/v1/trades/${symbol}?limit=1`)).json()) as {
    readonly data: { readonly data: readonly { readonly timestamp: string }[] };
  };
  return data.data[0]?.timestamp.slice(11, 23) ?? 'no trade';
}

async function stateAt(api: string): Promise<ReplayState> {
  return ((await (await fetch(`${api}/api/v1/replay`)).json()) as { readonly data: ReplayState }).data;
}

async function post(api: string, query: string): Promise<void> {
  const response = await fetch(`${api}/api/v1/replay?${query}`, { method: 'POST', headers: { 'X-FDP-Replay': '1' } });
  if (!response.ok) throw new Error(await response.text());
}

/** The lines without those at the beginning that others have: a client may come too late for the first moment of a tape. */
export function withoutBegin({ lines }: Shown, others: Shown, most: number): Shown['lines'] {
  const kept = Object.entries(lines).map(([symbol, own]) => {
    const missed = own.length - (others.lines[symbol]?.length ?? 0);
    return [symbol, own.slice(missed > 0 && missed <= most ? missed : 0)] as const;
  });
  return Object.fromEntries(kept);
}
