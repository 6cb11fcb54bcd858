import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchChromium, onChromium, openPage, violations } from '../support/browser/browser.ts';
import { card, changes, isLive } from '../support/browser/live-page.ts';
import { eventually, Process, temporaryFolder } from '../support/cli/platform.ts';
import { type Workspace, workspaceIn } from '../support/cli/workspace.ts';

onChromium('the live page', () => {
  const folder = temporaryFolder();
  let browser: Browser;
  let workspace: Workspace;
  let platform: Process;

  beforeAll(async () => {
    workspace = await workspaceIn(folder.path);
    platform = new Process([], workspace.env);
    browser = await launchChromium();
    await eventually('the first trades are stored', async () => {
      const answer = await fetch(`${workspace.api}/api/v1/trades/AAPL?limit=60`).catch(() => undefined);
      const body = (await answer?.json()) as { readonly data?: { readonly data: readonly unknown[] } } | undefined;
      return body?.data?.data.length === 60;
    });
  });

  afterAll(async () => {
    await browser?.close();
    await platform?.[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  it('shows all topologies, prices and trades, live, without errors and without requests to other servers', async () => {
    await using watched = await openPage(browser, workspace.api);
    const { page } = watched;
    await isLive(page);
    await page.locator('#summary', { hasText: 'are healthy' }).waitFor();
    expect(await page.locator('.topology h3').allInnerTexts()).toEqual([
      'ingestor',
      'processor',
      'candles',
      'analytics',
      'api',
      'live',
    ]);
    expect(await page.locator('#symbols th').count()).toBe(6);
    expect(await page.locator('.node').count()).toBeGreaterThan(20);
    await changes(page, '#quote-price');
    await changes(page, '#trades tr:first-child');
    const picture = () => page.locator('#chart').screenshot();
    const before = await picture();
    await eventually('the chart moves', async () => !(await picture()).equals(before));
    const name = await page.locator('#name').innerText();
    expect(await page.title()).toMatch(new RegExp(`^AAPL [\\d,]+\\.\\d+ · ${name}$`));
    expect(watched.complaints).toEqual([]);
    expect(watched.foreign).toEqual([]);
  });

  it('shows rates on the arrows', async () => {
    await using watched = await openPage(browser, workspace.api);
    const rates = card(watched.page, 'processor').locator('.rate.flow');
    await eventually('every arrow has its rate', async () => {
      const texts = await rates.allTextContents();
      return texts.length === 6 && texts.every((text) => /^[1-9][\d.]*k?\/s$/.test(text));
    });
  });

  it('changes the symbol, and keeps it when the page is loaded again', async () => {
    await using watched = await openPage(browser, workspace.api);
    const { page } = watched;
    await isLive(page);
    await page.getByRole('button', { name: 'MSFT' }).press('Enter');
    for (const [selector, text] of [
      ['#quote-symbol', 'MSFT'],
      ['#trades-title', 'Trades of MSFT'],
    ] as const)
      await page.locator(selector, { hasText: text }).waitFor();
    expect(await page.getByRole('button', { name: 'MSFT' }).getAttribute('aria-pressed')).toBe('true');
    await page.reload();
    await page.locator('#quote-symbol', { hasText: 'MSFT' }).waitFor();
    await changes(page, '#quote-price');
  });

  it('goes back through the trades page by page, and to the newest again', async () => {
    await using watched = await openPage(browser, workspace.api);
    const { page } = watched;
    const seen: string[] = [];
    const times = async () => (await page.locator('#trades td:first-child').allInnerTexts()) as string[];
    await eventually('trades', async () => (await times()).length === 15);
    for (const number of [2, 3, 4]) {
      await page.getByRole('button', { name: 'Older' }).click();
      await page.locator('#trades-place', { hasText: `page ${number}` }).waitFor();
      seen.push(...(await times()));
    }
    expect(seen).toEqual([...seen].sort().reverse());
    expect(seen).toHaveLength(45);
    await page.getByRole('button', { name: 'Newest' }).click();
    await page.locator('#trades-place', { hasText: 'live' }).waitFor();
    expect((await times())[0] ?? '').toMatch(/^\d\d:\d\d:\d\d\.\d{3}$/);
    await changes(page, '#trades tr:first-child');
  });

  it('shows options and figures of a node, by click or key, and returns the focus to it', async () => {
    await using watched = await openPage(browser, workspace.api);
    const { page } = watched;
    const node = card(page, 'processor').locator('[data-node=explode]');
    await node.focus();
    await node.press('Enter');
    const details = page.locator('#details');
    await details.getByText('{ symbol: s, price: p, time: t, volume: v, conditions: c').waitFor();
    expect(await details.locator('h2').innerText()).toBe('explode');
    await changes(page, '#details .figures');
    await page.keyboard.press('Escape');
    expect(await details.isHidden()).toBe(true);
    expect(await node.evaluate((element) => element.matches(':focus'))).toBe(true);
    await card(page, 'processor').getByRole('button', { name: 'Details of processor' }).click();
    await details.getByText(`pid ${platform.child.pid}`).waitFor();
  });

  it('switches between light and dark, and remembers the choice', async () => {
    await using watched = await openPage(browser, workspace.api, { scheme: 'dark' });
    const { page } = watched;
    const theme = () => page.locator('html').getAttribute('data-theme');
    await isLive(page);
    expect(await theme()).toBe('dark');
    await page.getByRole('button', { name: 'Change to light colours' }).click();
    expect(await theme()).toBe('light');
    await page.reload();
    await isLive(page);
    expect(await theme()).toBe('light');
  });

  it('closes its connection while it is hidden, and opens it again', async () => {
    await using watched = await openPage(browser, workspace.api);
    const { page } = watched;
    const becomes = (state: string) =>
      page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
        document.dispatchEvent(new Event('visibilitychange'))`);
    await isLive(page);
    await becomes('hidden');
    await page.locator('#connection', { hasText: 'Paused' }).waitFor();
    const price = await page.locator('#quote-price').innerText();
    await becomes('visible');
    await isLive(page);
    await changes(page, '#quote-price', price);
    expect(watched.complaints).toEqual([]);
  });

  it.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 360],
    ['dark', 360],
  ] as const)('is accessible: %s, %i px', async (scheme, width) => {
    for (const path of ['/', '/docs']) {
      await using watched = await openPage(browser, `${workspace.api}${path}`, { scheme, width });
      const { page } = watched;
      await page
        .locator(path === '/' ? '.node' : '.route')
        .first()
        .waitFor();
      if (path === '/') {
        await isLive(page);
        await changes(page, '#quote-price');
        await card(page, 'ingestor').locator('[data-node=mock]').press('Enter');
      }
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    }
  });

  it('lists the routes of the API, and tries them', async () => {
    await using watched = await openPage(browser, `${workspace.api}/docs`);
    const { page } = watched;
    const route = page.locator('.route', { hasText: /trades\/\{symbol\}(?!\/)/ });
    await route.getByLabel('symbol').fill('AAPL');
    await route.getByLabel('limit').fill('2');
    await route.getByRole('button', { name: 'Try it' }).click();
    await route.getByText('GET /api/v1/trades/AAPL?limit=2: 200').waitFor();
    const { data } = JSON.parse(await route.locator('.output').innerText()) as { data: { data: readonly unknown[] } };
    expect(data.data).toHaveLength(2);
    await route.getByLabel('limit').fill('0');
    await route.getByRole('button', { name: 'Try it' }).click();
    await route.getByText(': 400').waitFor();
    const file = page.locator('.route', { hasText: '/api/v1/trades/{symbol}/export' });
    await file.getByLabel('symbol').fill('AAPL');
    await file.getByRole('button', { name: 'Try it' }).click();
    await file.getByText('raw_stock_ticks-').waitFor();
    const stream = page.locator('.route', { hasText: '/api/v1/stream' });
    await stream.getByRole('button', { name: 'Try it' }).click();
    await stream.locator('.output', { hasText: 'event: prices' }).waitFor();
    expect(watched.foreign).toEqual([]);
  });
});
