import { describe, expect, it } from 'vitest';
import { envelope, LogWriter } from '../support/cli/log-writer.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { storedTrades } from '../support/cli/stored.ts';
import { get, workspaceIn } from '../support/cli/workspace.ts';

interface Page {
  readonly data: readonly { readonly timestamp: string; readonly price: string; readonly volume: string }[];
  readonly pagination: { readonly next_cursor: number | null; readonly next: string | null };
}

const crowdedMs = 1763645598585;

/** Trades in log messages of a few trades each; the volume of a trade is its number. */
function messagesOf(trades: readonly { readonly v: number; readonly t: number }[]): string[] {
  const messages: string[] = [];
  for (let start = 0; start < trades.length; start += 7) messages.push(envelope(...trades.slice(start, start + 7)));
  return messages;
}

async function pageAt(url: string): Promise<Page> {
  const answer = await get(url);
  expect(answer, url).toMatchObject({ status: 200 });
  return answer?.body['data'] as Page;
}

/** Collects all trades by following `next` from page to page; `between` runs before each page but the first. */
async function walk(api: string, limit: number, between: () => Promise<void> = async () => {}): Promise<Page['data']> {
  const seen: Page['data'][number][] = [];
  for (let next: string | null = `/api/v1/trades/AAPL?limit=${limit}`; next !== null; ) {
    const page: Page = await pageAt(api + next);
    expect(page.data.length).toBeLessThanOrEqual(limit);
    seen.push(...page.data);
    next = page.pagination.next;
    if (next !== null) {
      expect(page.data).toHaveLength(limit);
      expect(page.pagination.next_cursor).toBe(Date.parse(page.data.at(-1)?.timestamp ?? ''));
    } else expect(page.pagination.next_cursor).toBe(null);
    await between();
  }
  return seen;
}

describe('a walk over the pages', () => {
  it('visits each trade that was there at its start exactly once, a thousand in one ms, while trades arrive', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    await using writer = await LogWriter.open(folder.path);
    const trades = [
      ...Array.from({ length: 300 }, (_unused, index) => ({ v: 1 + index, t: crowdedMs - 300 + index })),
      ...Array.from({ length: 1000 }, (_unused, index) => ({ v: 301 + index, t: crowdedMs })),
      ...Array.from({ length: 300 }, (_unused, index) => ({
        v: 1301 + index,
        t: crowdedMs + 1 + Math.floor(index / 3),
      })),
    ];
    await writer.append(messagesOf(trades));
    await using platform = new Process(['--topology', 'processor,api'], env);
    await eventually('all trades', async () => storedTrades(folder.path) === trades.length);

    for (const limit of [37, 500]) {
      const before = storedTrades(folder.path);
      let number = 10_000 * limit;
      // Late trades, trades of the same ms, and new trades: on earlier, current and later pages.
      const arrive = async () => {
        const times = [crowdedMs - 1000, crowdedMs - 150, crowdedMs, crowdedMs, crowdedMs + 50, crowdedMs + 60_000];
        const stored = storedTrades(folder.path);
        await writer.append(messagesOf(times.map((t) => ({ v: ++number, t }))));
        await eventually('arrived', async () => storedTrades(folder.path) === stored + times.length);
      };
      const seen = await walk(api, limit, arrive);
      const numbers = seen.map(({ volume }) => Number(volume));
      expect(new Set(numbers).size, 'none twice').toBe(numbers.length);
      const atStart = numbers.filter((each) => each <= 1600);
      expect(atStart.sort((a, b) => a - b)).toEqual(trades.map(({ v }) => v));
      expect(numbers.filter((each) => each < 10_000 * limit)).toHaveLength(before);
      const times = seen.map(({ timestamp }) => Date.parse(timestamp));
      expect(times).toEqual([...times].sort((a, b) => b - a));
    }
    expect(await platform.stop()).toBe(0);
  });

  it('gives what is strictly older for a plain time, and nulls on the last page, also when it is full', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    await using writer = await LogWriter.open(folder.path);
    const trades = [
      ...Array.from({ length: 20 }, (_unused, index) => ({ v: 1 + index, t: crowdedMs - 20 + index })),
      ...Array.from({ length: 40 }, (_unused, index) => ({ v: 21 + index, t: crowdedMs })),
    ];
    await writer.append(messagesOf(trades));
    await using platform = new Process(['--topology', 'processor,api'], env);
    await eventually('all trades', async () => storedTrades(folder.path) === trades.length);
    const numbersAt = async (query: string) => {
      const { data, pagination } = await pageAt(`${api}/api/v1/trades/AAPL?${query}`);
      return { numbers: data.map(({ volume }) => Number(volume)), pagination };
    };
    const down = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_unused, index) => from - index);

    const isLast = { next_cursor: null, next: null };
    expect(await numbersAt(`before=${crowdedMs}&limit=500`)).toEqual({ numbers: down(20, 1), pagination: isLast });
    expect(await numbersAt(`before=${crowdedMs}&limit=20`)).toEqual({ numbers: down(20, 1), pagination: isLast });
    expect(await numbersAt(`before=${crowdedMs + 1}&limit=60`)).toEqual({ numbers: down(60, 1), pagination: isLast });
    expect(await numbersAt(`before=${crowdedMs - 20}`)).toEqual({ numbers: [], pagination: isLast });
    for (const first of ['before=0', 'before=&limit=']) expect((await numbersAt(first)).numbers).toEqual(down(60, 46));
    const first = await numbersAt(`before=${crowdedMs - 5}&limit=4`);
    expect(first.numbers).toEqual(down(15, 12));
    expect(first.pagination.next_cursor).toBe(crowdedMs - 9);
    expect((await numbersAt(`before=${first.pagination.next_cursor}&limit=4`)).numbers).toEqual(down(11, 8));
    const fromTheTop = await numbersAt('limit=60');
    expect(fromTheTop).toEqual({ numbers: down(60, 1), pagination: isLast });
    const seen = await walk(api, 20);
    expect(seen.map(({ volume }) => Number(volume))).toEqual(down(60, 1));

    for (const wrong of ['before=abc', 'before=-1', 'before=1_x', 'before=1.5', 'limit=0', 'limit=501', 'befor=1'])
      expect(await get(`${api}/api/v1/trades/AAPL?${wrong}`), wrong).toMatchObject({
        status: 400,
        body: { data: null },
      });
    expect(await platform.stop()).toBe(0);
  });
});
