import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { eventually, Process, temporaryFolder } from '../cli/platform.ts';
import { Terminal } from '../cli/tmux.ts';
import { type Workspace, workspaceIn } from '../cli/workspace.ts';
import { launchChromium } from './browser.ts';
import { terminalPicture } from './terminal-picture.ts';

const images = join('docs', 'images');
/** How long prices are collected before the screenshots, ms, so that there are bars to show. */
const historyMs = 15 * 60_000;
/** How long a screen is open before its screenshot, ms. */
const someTime = 45_000;

/** `npm run screenshots`: takes the README's screenshots of live page and dashboard, with a platform of its own. */
async function takePictures(): Promise<void> {
  mkdirSync(images, { recursive: true });
  using folder = temporaryFolder();
  const workspace = await workspaceIn(folder.path);
  await using _platform = new Process([], workspace.env);
  await eventually('the API', async () => (await fetch(workspace.api).catch(() => undefined))?.ok);
  await new Promise((resolve) => setTimeout(resolve, historyMs));
  const browser = await launchChromium();
  try {
    await Promise.all([takePage(browser, workspace, 'light'), takePage(browser, workspace, 'dark')]);
    await takeDashboard(browser, workspace, folder.path);
  } finally {
    await browser.close();
  }
}

async function takePage(browser: Browser, { api }: Workspace, scheme: 'light' | 'dark'): Promise<void> {
  const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1440, height: 1290 } });
  await page.goto(api);
  await page.locator('#connection[data-tone=good]').waitFor();
  await page.waitForTimeout(someTime);
  await page.screenshot({ path: join(images, `page-${scheme}.png`) });
  await page.close();
}

async function takeDashboard(browser: Browser, { env }: Workspace, folder: string): Promise<void> {
  using terminal = new Terminal(['--topology', 'dashboard'], {
    folder,
    env: { ...env, OBSERVE_PORT: '0' },
    width: 130,
    height: 38,
  });
  await new Promise((resolve) => setTimeout(resolve, someTime));
  terminal.press('c');
  await eventually('the candles', async () => terminal.text.includes('AAPL  1m'));
  const page = await browser.newPage({ deviceScaleFactor: 1.25 });
  await page.setContent(terminalPicture(terminal.colours));
  await page.locator('svg').screenshot({ path: join(images, 'dashboard.png'), omitBackground: true });
  await page.close();
}

await takePictures();
