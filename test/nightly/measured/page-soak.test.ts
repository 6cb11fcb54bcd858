import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import { launchChromium, onChromium, openPage, type WatchedPage } from '../../support/browser/browser.ts';
import { fullSpeed } from '../../support/cli/full-speed.ts';
import { median, residentMiB } from '../../support/cli/memory.ts';
import { eventually, Process, temporaryFolder } from '../../support/cli/platform.ts';
import { onTerminal, Terminal } from '../../support/cli/tmux.ts';
import { workspaceIn } from '../../support/cli/workspace.ts';

const minutes = Number(process.env['FDP_SOAK_MINUTES'] ?? 0.5);
const pages = 10;
/** Half of the turns have visible pages, half have hidden ones; the first of each kind is only a warm-up. */
const turns = 8;
/** A page that becomes visible reads its bars and the market once; this is waited for, ms. */
const settleMs = 1500;
/**
 * Limit of the server's CPU time per trade with visible pages, relative to hidden ones. Ten clients alone add a tenth;
 * the browser uses the same cores, and batches become smaller because of it.
 */
const mostCost = 2;
/** Allowance for garbage that the server has not collected yet, MiB. */
const noiseMiB = 25;

/** Newer V8 lets the young generation grow by tens of MiB at some point; this is what it has in Node.js 20. */
const steadyHeap = { NODE_OPTIONS: '--max-semi-space-size=16' };

/** CPU time that a process has used, in clock ticks. */
function cpuTicks(pid: number | undefined): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Trades stored so far. */
async function stored(api: string): Promise<number> {
  const answer = (await (await fetch(`${api}/api/v1/symbols`)).json()) as {
    readonly data: { readonly available: readonly { readonly trade_count: number }[] };
  };
  return answer.data.available.reduce((sum, { trade_count }) => sum + trade_count, 0);
}

/** Memory used on the heap of a page after a garbage collection, MiB. */
async function heapMiB(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = await session.send('Runtime.getHeapUsage');
  await session.detach();
  return usedSize / 2 ** 20;
}

function show(page: Page, state: 'visible' | 'hidden'): Promise<unknown> {
  return page.evaluate(`Object.defineProperty(document, 'visibilityState', { value: '${state}', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'))`);
}

/** A dashboard in its own terminal, connected to the feed of the platform that runs with `env`. */
function dashboard(folder: string, env: Readonly<Record<string, string>>): Terminal {
  mkdirSync(folder);
  return new Terminal(['--topology', 'dashboard'], { folder, env: { ...env, OBSERVE_PORT: '0' } });
}

function pagesAndDashboards(): void {
  it(
    `stay small for ${minutes} minutes at full speed, ${pages} pages and two dashboards at once, and cost the pipeline next to nothing`,
    async () => {
      using folder = temporaryFolder();
      const { env, api } = await workspaceIn(folder.path);
      await using platform = new Process(['--pipeline', fullSpeed(folder.path)], { ...env, ...steadyHeap });
      await eventually('trades', async () => (await stored(api).catch(() => 0)) > 1000);
      using first = dashboard(join(folder.path, 'first'), env);
      using second = dashboard(join(folder.path, 'second'), env);
      const screens = [first, second];
      for (const screen of screens) await screen.shows('connected to');
      const browser = await launchChromium();
      try {
        const watched: WatchedPage[] = [];
        for (let number = 0; number < pages; number++) watched.push(await openPage(browser, api, { width: 1000 }));
        const costs = { visible: [] as number[], hidden: [] as number[] };
        const [heaps, resident, terminals]: [number[], number[], number[]] = [[], [], []];
        for (let turn = 0; turn < turns; turn++) {
          const state = turn % 2 === 0 ? 'visible' : 'hidden';
          await Promise.all(watched.map(({ page }) => show(page, state)));
          // What a page reads once when it becomes visible is not part of its running cost.
          await new Promise((resolve) => setTimeout(resolve, settleMs));
          const [trades, ticks] = [await stored(api), cpuTicks(platform.child.pid)];
          await new Promise((resolve) => setTimeout(resolve, (minutes * 60_000) / turns));
          costs[state].push((cpuTicks(platform.child.pid) - ticks) / ((await stored(api)) - trades));
          resident.push(residentMiB(platform.child.pid));
          terminals.push(Math.max(...screens.map(({ pid }) => residentMiB(pid))));
          if (state === 'visible')
            heaps.push(Math.max(...(await Promise.all(watched.map(({ page }) => heapMiB(page))))));
        }
        const summary = `heaps ${heaps.map((size) => size.toFixed(1)).join(' ')}; server ${resident.map(Math.round).join(' ')}; dashboards ${terminals.map(Math.round).join(' ')}; ticks a trade ${JSON.stringify(costs)}`;
        process.stdout.write(`${summary}\n`);
        expect(watched.flatMap(({ complaints, foreign }) => [...complaints, ...foreign])).toEqual([]);
        expect((heaps.at(-1) ?? 0) - (heaps[1] ?? 0), summary).toBeLessThan(3);
        expect(Math.max(...heaps), summary).toBeLessThan(30);
        expect((resident.at(-1) ?? 0) - (resident[2] ?? 0), summary).toBeLessThan(noiseMiB + minutes);
        expect((terminals.at(-1) ?? 0) - (terminals[2] ?? 0), summary).toBeLessThan(noiseMiB + minutes);
        for (const screen of screens) expect(screen.text).toMatch(/connected to .* \d/);
        expect(median(costs.visible.slice(1)), summary).toBeLessThan(mostCost * median(costs.hidden.slice(1)));
      } finally {
        await browser.close();
      }
    },
    minutes * 120_000 + 180_000,
  );
}

onTerminal('pages and dashboards left open', () => onChromium('in a browser and terminals', pagesAndDashboards));
