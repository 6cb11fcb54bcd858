import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, onChromium, openPage } from '../support/browser/browser.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { type Workspace, workspaceIn } from '../support/cli/workspace.ts';
import { LineFeed } from '../support/sockets/line-feed.ts';

const instruments = [
  ['OANDA:EUR_USD', 1.08653],
  ['BINANCE:BTCUSDT', 97_000.12],
  ['BINANCE:BTCUSDC', 97_001.12],
  ['COINS:TINY-COIN-OF-FORTY-CHARACTERS-IN-ALL', 1e-9],
  ['BRK.A', 712_345.5],
] as const;

onChromium('prices of the live page', () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let feed: LineFeed;
  let workspace: Workspace;
  let platform: Process;

  beforeAll(async () => {
    workspace = await workspaceIn(folder.path);
    feed = await LineFeed.open();
    platform = new Process(['--topology', 'api,live'], { ...workspace.env, VWAP_FEED: `127.0.0.1:${feed.port}` });
    browser = await launchChromium();
    await eventually('the API', async () => (await fetch(workspace.api).catch(() => undefined))?.ok);
    await eventually('a client', async () => feed.clients > 0);
    trade();
  });

  afterAll(async () => {
    await browser?.close();
    await feed?.close();
    await platform?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  const trade = () =>
    feed.pump(50, (count) => {
      const [symbol = '', price = 0] = instruments[count % instruments.length] ?? [];
      return { time: new Date().toISOString(), symbol, price, vwap: price };
    });
  const prices = (page: Page) => page.locator('#symbols td:nth-child(2)').allInnerTexts();

  it('are written as they arrived: in the list, large, and in the tab', async () => {
    await using watched = await openPage(browser, `${workspace.api}/?symbol=OANDA:EUR_USD`);
    const { page } = watched;
    await eventually('all prices', async () => (await prices(page)).length === instruments.length);
    const texts = (await prices(page)).map((text) => text.replace(/[^\d.,]/g, ''));
    expect(texts.toSorted()).toEqual(['0.000000001', '1.08653', '712,345.50', '97,000.12', '97,001.12']);
    expect(await page.locator('#quote-price').innerText()).toContain('1.08653');
    await eventually('the tab', async () => (await page.title()) === 'OANDA:EUR_USD 1.08653 · financial-data-platform');
  });

  it('are beside complete names, without scrolling, at every width', async () => {
    for (const width of [1920, 1440, 1280, 1000, 768, 360]) {
      await using watched = await openPage(browser, workspace.api, { width });
      const { page } = watched;
      await eventually('all prices', async () => (await prices(page)).length === instruments.length);
      const tooWide = `[...document.querySelectorAll('.symbols .scroll, .symbols button, .trades > div, .empty')]
        .filter((each) => each.scrollWidth > each.clientWidth + 1).map((each) => each.className + each.textContent)`;
      expect([width, await page.evaluate(tooWide)]).toEqual([width, []]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
  });

  it('leave room for the chart on a phone: the six figures of the day are two rows', async () => {
    for (const scheme of ['light', 'dark'] as const) {
      await using watched = await openPage(browser, `${workspace.api}/?symbol=BRK.A`, {
        width: 390,
        height: 844,
        scheme,
      });
      const { page } = watched;
      await page.locator('#quote-price', { hasText: '712' }).waitFor();
      const rows = (id: string) =>
        page.evaluate(
          `new Set([...document.querySelectorAll('#${id} > div')].map((each) => each.getBoundingClientRect().top)).size`,
        );
      await eventually('all figures', async () => (await page.locator('#quote-figures > div').count()) === 6);
      expect([scheme, await rows('quote-figures')]).toEqual([scheme, 2]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
    }
  });

  it('have their true rate as soon as they have one', async () => {
    await using watched = await openPage(browser, workspace.api);
    const { page } = watched;
    const rate = await eventually('a rate', async () => {
      const text = await page.locator('#figures dd').first().innerText();
      return text !== '–' && text;
    });
    expect(Number(rate.replace('/s', ''))).toBeGreaterThan(30);
    expect(Number(rate.replace('/s', ''))).toBeLessThan(75);
  });

  it('continue to be drawn after a trade that is dated in the future', async () => {
    await using watched = await openPage(browser, `${workspace.api}/?symbol=BRK.A&interval=line`);
    const { page } = watched;
    await page.locator('#quote-price', { hasText: '712' }).waitFor();
    feed.pump(0, () => '');
    feed.send({ time: '2099-01-01T00:00:00.000Z', symbol: 'BRK.A', price: 712_346, vwap: 712_345 });
    await page.locator('#quote-price', { hasText: '712,346' }).waitFor();
    trade();
    const picture = () => page.locator('#chart').screenshot();
    const before = await picture();
    await eventually('the chart moves', async () => !(await picture()).equals(before));
    const again = await picture();
    await eventually('the chart moves on', async () => !(await picture()).equals(again));
    expect(watched.complaints).toEqual([]);
  });
});
