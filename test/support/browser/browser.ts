import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import axe from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { describe } from 'vitest';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The browser: `FDP_TEST_CHROMIUM`, or the first known name on the path; undefined if there is none. */
export function findChromium(): string | undefined {
  const given = process.env['FDP_TEST_CHROMIUM'];
  if (given) return given;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Tests in a browser; skipped if there is none, except under CI=true. */
export function onChromium(name: string, tests: () => void): void {
  if (findChromium()) {
    describe(name, tests);
    return;
  }
  const text = `no browser here: set FDP_TEST_CHROMIUM, or put one of ${names.join(', ')} on the path`;
  if (process.env['CI'] === 'true') throw new Error(`${name}: ${text}`);
  process.stderr.write(`\nSKIPPED: ${name}: ${text}\n\n`);
  describe.skip(`${name}: ${text}`, () => {});
}

/** Starts a headless browser. */
export async function launchChromium(): Promise<Browser> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('there is no browser here');
  // Root can't use the sandbox.
  const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  return chromium.launch({ executablePath, args });
}

/** A page in its own profile, with the problems that occurred on it. */
export interface WatchedPage {
  readonly page: Page;
  /** Errors and warnings of the console, and uncaught errors. */
  readonly complaints: readonly string[];
  /** Requests to other servers. */
  readonly foreign: readonly string[];
  [Symbol.asyncDispose](): Promise<void>;
}

interface View {
  readonly scheme?: 'light' | 'dark';
  readonly width?: number;
  readonly height?: number;
}

/** Opens an address, and records problems from then on. */
export async function openPage(
  browser: Browser,
  url: string,
  { scheme = 'light', width = 1280, height = 900 }: View = {},
): Promise<WatchedPage> {
  const context = await browser.newContext({
    colorScheme: scheme,
    viewport: { width, height },
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin) foreign.push(request.url());
  });
  await page.goto(url);
  return { page, complaints, foreign, [Symbol.asyncDispose]: () => context.close() };
}

/** Violations of WCAG 2.2, levels A and AA, one line each. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source);
  const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
  const found: axe.AxeResults = await page.evaluate(`axe.run({ runOnly: ${JSON.stringify(tags)} })`);
  return found.violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(' ')}: ${failureSummary}`),
  );
}
