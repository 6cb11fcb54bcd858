import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { launchChromium, onChromium, openPage } from '../support/browser/browser.ts';
import { card, changes, isLive } from '../support/browser/live-page.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { workspaceIn } from '../support/cli/workspace.ts';

/** All topologies except the one that produces trades. */
const allButIngestor = ['--topology', 'processor,candles,analytics,api,live'];

/** Waits for the next event: state and figures are updated with it. */
async function isOf(page: Page, topology: string, tone: string): Promise<string> {
  await eventually(`${topology} is shown as ${tone}`, async () => {
    return (await card(page, topology).getAttribute('data-tone')) === tone;
  });
  return card(page, topology).innerText();
}

onChromium('the live page in trouble', () => {
  it('shows that it is disconnected, and continues when the server is back', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const browser = await launchChromium();
    try {
      await using first = new Process([], env);
      await eventually('the API', async () => (await fetch(api).catch(() => undefined))?.ok);
      await using watched = await openPage(browser, api);
      const { page } = watched;
      await isLive(page);
      await changes(page, '#quote-price');
      await first.stop();
      await page.locator('#connection', { hasText: 'Disconnected' }).waitFor();
      // Without a connection, the state counts as unknown.
      await page.locator('#summary', { hasText: 'state of the platform is unknown' }).waitFor();
      expect(await page.locator('#topologies').innerText()).not.toContain('running');
      expect(await page.title()).toMatch(/^▲ [^·]*$/);
      const price = await page.locator('#quote-price').innerText();
      await using _second = new Process([], env);
      await isLive(page);
      await changes(page, '#quote-price', price);
      await page.locator('#summary', { hasText: 'are healthy' }).waitFor();
    } finally {
      await browser.close();
    }
  });

  it('shows what to do before anything runs, turns a topology red while its feed is unavailable, and green again afterwards', async () => {
    using folder = temporaryFolder();
    const { env, api } = await workspaceIn(folder.path);
    const exchange = await freePort();
    const feed = { FDP_FEED: 'finnhub', FINNHUB_URL: `ws://127.0.0.1:${exchange}`, FINNHUB_TOKEN: 'simulator' };
    const beside = { ...env, OBSERVE_PORT: '0' };
    const browser = await launchChromium();
    try {
      await using _rest = new Process(allButIngestor, env);
      await eventually('the API', async () => (await fetch(api).catch(() => undefined))?.ok);
      await using watched = await openPage(browser, api);
      const { page } = watched;
      await page.locator('#symbols-empty', { hasText: 'fdp --topology ingestor' }).waitFor();

      await using ingestor = new Process(['--topology', 'ingestor'], { ...beside, ...feed });
      expect(await isOf(page, 'ingestor', 'bad')).toContain('▲');
      await page.locator('#summary', { hasText: 'ingestor needs attention' }).waitFor();
      expect(await card(page, 'ingestor').locator('.reasons').innerText()).toContain('finnhub');

      await using _simulator = new Process(['--topology', 'simulator'], {
        ...beside,
        SIMULATOR_PORT: String(exchange),
      });
      await isOf(page, 'ingestor', 'good');
      await page.locator('#summary', { hasText: 'are healthy' }).waitFor();
      await changes(page, '#quote-price');

      await ingestor.stop('SIGKILL');
      expect(await isOf(page, 'ingestor', 'bad')).toContain('silent');
      await card(page, 'ingestor').locator('.reasons', { hasText: 'fdp --topology ingestor' }).waitFor();
      expect(watched.complaints).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
