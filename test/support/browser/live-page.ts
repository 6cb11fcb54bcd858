import type { Page } from 'playwright-core';
import { eventually } from '../cli/platform.ts';

/** Waits until the page gets events. */
export async function isLive(page: Page): Promise<void> {
  await page.locator('#connection[data-tone=good]').waitFor();
}

/** Waits until an element has another text. */
export async function changes(page: Page, selector: string, from?: string): Promise<string> {
  const first = from ?? (await page.locator(selector).innerText());
  return eventually(`${selector} changes`, async () => {
    const text = await page.locator(selector).innerText();
    return text !== first && text;
  });
}

/** The card of a topology. */
export function card(page: Page, topology: string) {
  return page.locator('.topology', { has: page.locator(`#topology-${topology}`) });
}
