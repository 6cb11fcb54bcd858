import { execFileSync } from 'node:child_process';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, onChromium, openPage, violations } from '../support/browser/browser.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { get, type Workspace, workspaceIn } from '../support/cli/workspace.ts';
import { LineFeed } from '../support/sockets/line-feed.ts';

const minute = 60_000;

interface Bar {
  readonly start: string;
  readonly complete: boolean;
  readonly late_trades: number;
  readonly gap_ms: number;
}

async function barsOf({ api }: Workspace, symbol: string): Promise<readonly Bar[]> {
  const answer = await get(`${api}/api/v1/candles/${symbol}?limit=1000`);
  return (answer?.body['data'] as { readonly data: readonly Bar[] } | undefined)?.data ?? [];
}

function produceTicks({ env }: Workspace, symbol: string, messages: readonly object[]): void {
  execFileSync(process.execPath, ['bin/fdp-run.js', 'produce', 'ticks', '--key', symbol], {
    ...{ input: messages.map((message) => `${JSON.stringify(message)}\n`).join(''), env: { ...process.env, ...env } },
  });
}

function chartTop(page: Page): Promise<number> {
  return page.locator('#chart').evaluate((chart) => chart.getBoundingClientRect().top);
}

/** The figures of the bar shown above the chart, by name. */
async function figures(page: Page): Promise<ReadonlyMap<string, string>> {
  const names = await page.locator('#bar-figures dt').allInnerTexts();
  const values = await page.locator('#bar-figures dd').allInnerTexts();
  return new Map(names.map((name, place) => [name, values[place] ?? '']));
}

/** Moves from the newest bar to the oldest by key, and returns the text announced for each. */
async function spoken(page: Page): Promise<readonly string[]> {
  const chart = page.locator('#chart');
  await chart.focus();
  const texts: string[] = [];
  await chart.press('End');
  for (let text = await chart.getAttribute('aria-valuetext'); text !== null && text !== texts.at(-1); ) {
    texts.push(text);
    await chart.press('ArrowLeft');
    text = await chart.getAttribute('aria-valuetext');
  }
  return texts;
}

onChromium('candles of the live page', () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let workspace: Workspace;
  let platform: Process;

  beforeAll(async () => {
    workspace = await workspaceIn(folder.path);
    platform = new Process([], workspace.env);
    browser = await launchChromium();
    await eventually('a bar', async () => (await barsOf(workspace, 'AAPL')).length > 0);
    const now = Date.now();
    const [old, older] = [now - 3 * minute, now - 9 * minute].map((t) => ({ s: 'AAPL', p: 150, t, v: 1 }));
    const from = Math.floor((now - 3 * minute) / minute) * minute;
    const gap = { from, to: from + 12_000, reason: 'the connection was lost', feed: 'mock' };
    const trades = [old, older, { ...old, p: 151 }].map((trade) => ({ type: 'trade', data: [trade] }));
    produceTicks(workspace, 'AAPL', [...trades, { type: 'gap', data: [], gap }]);
    const isMarked = ({ gap_ms, late_trades }: Bar) => gap_ms === 12_000 && late_trades === 2;
    await eventually('the late trades', async () => (await barsOf(workspace, 'AAPL')).some(isMarked));
  });

  afterAll(async () => {
    await browser?.close();
    await platform?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it('follow the trades: the last bar closes at the price, and its volume grows', async () => {
    await using watched = await openPage(browser, `${workspace.api}/?symbol=AAPL`);
    const { page } = watched;
    await page.locator('#bar-figures dd').first().waitFor();
    const before = await figures(page);
    await eventually('another close and volume', async () => {
      const now = await figures(page);
      return ['close', 'volume'].every((name) => now.get(name) !== before.get(name));
    });
    await eventually('close is the price', async () => {
      const [price, bar] = [await page.locator('#quote-price span').last().innerText(), await figures(page)];
      return bar.get('close') === price;
    });
    const picture = () => page.locator('#chart').screenshot();
    const first = await picture();
    await eventually('the chart moves', async () => !(await picture()).equals(first));
    expect(watched.complaints).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });

  it('go back to before the page was opened, and show what is missing and that they were corrected', async () => {
    await using watched = await openPage(browser, `${workspace.api}/?symbol=AAPL`);
    const { page } = watched;
    await eventually('all bars', async () => Number(await page.locator('#chart').getAttribute('aria-valuemax')) >= 9);
    const texts = await spoken(page);
    const stored = await barsOf(workspace, 'AAPL');
    expect(texts.length).toBeGreaterThanOrEqual(stored.length - 1);
    // With as many decimals as the symbol's prices have by then.
    const price = String.raw`150\.00(00)?`;
    expect(texts.at(-1)).toMatch(
      new RegExp(`1 trade, open ${price}, high ${price}, low ${price}, close ${price}, volume 1, VWAP ${price}`),
    );
    expect(texts.at(-1)).toMatch(/incomplete: not recorded from its start on, corrected by 1 late trade$/);
    const corrected = texts.filter((text) => text.includes('corrected by 2 late trades'));
    expect(corrected).toEqual([expect.stringContaining('incomplete: feed away for 12 s')]);
    await page.locator('#bar-notes', { hasText: 'corrected by 1 late trade' }).waitFor();
    await page.keyboard.press('Escape');
    await eventually('the newest bar', async () => !(await page.locator('#bar-notes').innerText()).includes('late'));
  });

  it('have the interval and symbol that the user selects, and keep them when the page is loaded again', async () => {
    await using watched = await openPage(browser, workspace.api);
    const { page } = watched;
    await page.locator('#chart[aria-label^="Bars of 1m of AAPL"]').waitFor();
    await page.getByRole('button', { name: '5m' }).press('Enter');
    await page.locator('#chart[aria-label^="Bars of 5m of AAPL"]').waitFor();
    await page.getByRole('button', { name: 'MSFT' }).click();
    await page.locator('#chart[aria-label^="Bars of 5m of MSFT"]').waitFor();
    await page.reload();
    await page.locator('#chart[aria-label^="Bars of 5m of MSFT"]').waitFor();
    expect(await page.getByRole('button', { name: '5m' }).getAttribute('aria-pressed')).toBe('true');
    await page.getByRole('button', { name: 'Line' }).click();
    await page.locator('#chart[role=img][aria-label^="Price and VWAP of MSFT"]').waitFor();
    expect(await page.locator('#bar-figures').isVisible()).toBe(false);
    await page.getByRole('button', { name: '1d' }).click();
    await page.locator('#chart[aria-label^="Bars of 1d of MSFT"]').waitFor();
    await eventually('a bar', async () => (await figures(page)).get('open') !== undefined);
    expect(watched.complaints).toEqual([]);
  });

  it('come with the figures of the day: its change, its highest and its lowest', async () => {
    await using watched = await openPage(browser, `${workspace.api}/?symbol=MSFT`);
    const { page } = watched;
    const value = async (name: string) =>
      page
        .locator('#quote-figures div', { has: page.getByText(name, { exact: true }) })
        .locator('dd')
        .innerText();
    await eventually('the day', async () => /^[+−]?[\d.]+ \(.* %\)$/.test(await value('since open')));
    const [high, low] = [await value('day high'), await value('day low')].map(Number);
    expect(low).toBeLessThanOrEqual(high ?? 0);
    expect(await value('since prev. close')).toMatch(/^(–|[+−]?[\d.]+ \(.* %\))$/);
  });

  it('of the cheapest coin have all their digits, and its volumes fit beside them', async () => {
    const trade = { type: 'trade', data: [{ s: 'TINY', p: 1.25e-10, t: Date.now() - minute, v: 750_124.96 }] };
    produceTicks(workspace, 'TINY', [trade]);
    await eventually('its bar', async () => (await barsOf(workspace, 'TINY')).length > 0);
    await using watched = await openPage(browser, `${workspace.api}/?symbol=TINY`, { width: 1440 });
    const { page } = watched;
    await page.locator('#trades td', { hasText: '750124.96' }).waitFor();
    await page.locator('#quote-figures dd', { hasText: '0.000000000125' }).first().waitFor();
    expect(await page.locator('.trades > div:has(table)').evaluate((box) => box.scrollWidth - box.clientWidth)).toBe(0);
    expect(await violations(page)).toEqual([]);
  });

  it.each([
    ['light', 360],
    ['light', 1440],
    ['dark', 2560],
  ] as const)('are accessible, and move nothing else: %s, %i px', async (scheme, width) => {
    await using watched = await openPage(browser, `${workspace.api}/?symbol=AAPL`, { scheme, width });
    const { page } = watched;
    await page.locator('#bar-figures dd').first().waitFor();
    expect(await violations(page)).toEqual([]);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const before = await chartTop(page);
    const close = (await figures(page)).get('close');
    await eventually('another price', async () => (await figures(page)).get('close') !== close);
    expect(await chartTop(page)).toBe(before);
    // Notes on a bar appear and disappear beside the chart: it stays where it is.
    const tops = new Set<number>();
    for (const key of ['Home', 'ArrowRight', 'ArrowRight', 'End', 'Escape']) {
      await page.locator('#chart').press(key);
      tops.add(await chartTop(page));
    }
    expect([...tops]).toEqual([before]);
  });

  it('stay where they are on a phone when the change of the day has more digits', async () => {
    const tradeAt = (p: number) => ({ type: 'trade', data: [{ s: 'RISE', p, t: Date.now(), v: 1 }] });
    produceTicks(workspace, 'RISE', [tradeAt(100.25)]);
    await eventually('its bar', async () => (await barsOf(workspace, 'RISE')).length > 0);
    await using watched = await openPage(browser, `${workspace.api}/?symbol=RISE`, { width: 360 });
    const { page } = watched;
    await page.locator('#quote-figures dd', { hasText: '0.00 (0.00 %)' }).waitFor();
    const before = await chartTop(page);
    produceTicks(workspace, 'RISE', [tradeAt(141.2345)]);
    await page.locator('#quote-figures dd', { hasText: '+40.9845 (+40.88 %)' }).waitFor();
    expect(await chartTop(page)).toBe(before);
  });
});

onChromium('many symbols on the live page', () => {
  it('are found by a part of the name, with the keyboard alone', async () => {
    using folder = temporaryFolder();
    const workspace = await workspaceIn(folder.path);
    const feed = await LineFeed.open();
    const browser = await launchChromium();
    try {
      await using _platform = new Process(['--topology', 'api,live'], {
        ...workspace.env,
        VWAP_FEED: `127.0.0.1:${feed.port}`,
      });
      await eventually('the API', async () => (await fetch(workspace.api).catch(() => undefined))?.ok);
      await eventually('a client', async () => feed.clients > 0);
      feed.pump(500, (count) => ({
        ...{ time: new Date().toISOString(), symbol: `SYM${count % 500}`, price: 10 + (count % 7), vwap: 10 },
      }));
      await using watched = await openPage(browser, workspace.api);
      const { page } = watched;
      await page.locator('#symbols-count', { hasText: '500' }).waitFor();
      await page.locator('h1').click();
      await page.keyboard.press('/');
      await page.keyboard.type('m49');
      await eventually('eleven of them', async () => (await page.locator('#symbols tr').count()) === 11);
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.locator('#quote-symbol', { hasText: 'SYM490' }).waitFor();
      await page.getByLabel('Search symbols').press('Escape');
      await eventually('all of them', async () => (await page.locator('#symbols tr').count()) === 500);
      expect(watched.complaints).toEqual([]);
    } finally {
      await browser.close();
      await feed.close();
    }
  });
});
