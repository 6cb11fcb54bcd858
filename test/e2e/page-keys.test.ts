import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { hashOf, newKey, writeKeyFile } from '../../src/kit/key-file.ts';
import { launchChromium, onChromium } from '../support/browser/browser.ts';
import { closeAll, start } from '../support/sockets/rest.ts';
import { until } from '../support/sockets/sockets.ts';

onChromium('the live page of an API with keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'fdp-page-keys-'));
  const file = join(folder, 'keys.json');
  const key = newKey();
  let browser: Browser;

  beforeAll(async () => {
    const added = new Date(0).toISOString();
    writeKeyFile(file, [{ name: 'me', scopes: ['read', 'stream'], hash: hashOf(key).toString('hex'), added }]);
    browser = await launchChromium();
  });
  afterEach(closeAll);
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('asks its user, and shows itself and its stream to whoever gives the key as the password', async () => {
    const { port, node } = await start({ keys: { file }, ui: true });
    const url = `http://127.0.0.1:${port}/`;
    const stranger = await browser.newContext({ httpCredentials: { username: 'me', password: `${key}x` } });
    expect((await (await stranger.newPage()).goto(url))?.status()).toBe(401);
    await stranger.close();

    const known = await browser.newContext({ httpCredentials: { username: 'anybody', password: key } });
    const page = await known.newPage();
    expect((await page.goto(url))?.status()).toBe(200);
    await until(() => node.extra['streams_open'] === 1);
    expect(await page.evaluate(async () => (await fetch('/api/v1/symbols')).status)).toBe(200);
    await known.close();
    await until(() => node.extra['streams_open'] === 0);
  });
});
