import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ReplayState } from '../../src/kit/replay.ts';
import { launchChromium, onChromium, openPage } from '../support/browser/browser.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { tapeOf } from '../support/cli/tape.ts';
import { onTerminal, Terminal } from '../support/cli/tmux.ts';

/** A tape of five minutes in a folder, and ports for who plays it. */
async function prepared(folder: string) {
  const [api, tcp] = [await freePort(), await freePort()];
  const env = { API_PORT: String(api), TCP_PORT: String(tcp), OBSERVE_PORT: '', FDP_DATA: join(folder, 'data') };
  return { tape: await tapeOf(folder, 3000), env, url: `http://127.0.0.1:${api}` };
}

async function stateAt(url: string): Promise<ReplayState> {
  const response = await fetch(`${url}/api/v1/replay`);
  return ((await response.json()) as { readonly data: ReplayState }).data;
}

const post = (url: string, query: string, headers: Readonly<Record<string, string>> = { 'X-FDP-Replay': '1' }) =>
  fetch(`${url}/api/v1/replay?${query}`, { method: 'POST', headers });

const isServing = (url: string) =>
  eventually('the API', () =>
    fetch(`${url}/api/v1/symbols`).then(
      ({ ok }) => ok,
      () => false as const,
    ),
  );

describe('fdp replay', () => {
  it('serves what is on the tape, as far as it was played, and is controlled from its machine', async () => {
    using folder = temporaryFolder();
    const { tape, env, url } = await prepared(folder.path);
    await using replay = new Process(['replay', tape, '--speed', '2x'], env);
    await isServing(url);
    expect((await post(url, 'pause=true')).status).toBe(200);
    const paused = await stateAt(url);
    expect(paused).toMatchObject({ isPaused: true, isOver: false, speed: 2 });
    const half = paused.from + (paused.to - paused.from) / 2;
    await post(url, `to=${half}`);
    const isHalf = async () => (await stateAt(url)).at >= half - 100;
    await eventually('half of the tape', isHalf);
    await eventually('its trades', async () => {
      const { data } = (await (await fetch(`${url}/api/v1/symbols`)).json()) as {
        readonly data: { readonly available: readonly { readonly trade_count: number }[] };
      };
      const stored = data.available.reduce((sum, { trade_count }) => sum + trade_count, 0);
      return stored >= 2998 && stored <= 3004;
    });
    for (const [query, status] of [
      ['speed=fast', 400],
      ['pause=yes', 400],
      ['to=1', 400],
      [`to=${paused.from}`, 400],
      ['nothing=1', 400],
    ] as const)
      expect([query, (await post(url, query)).status]).toEqual([query, status]);
    expect((await post(url, 'pause=false', {})).status).toBe(403);
    await post(url, 'pause=false&speed=max');
    await eventually('the end', async () => (await stateAt(url)).isOver);
    expect((await stateAt(url)).at).toBe(paused.to);
    expect(await replay.stop()).toBe(0);
  });

  it('ends with the tape if it is asked to, and with 2 if there is none', async () => {
    using folder = temporaryFolder();
    const { tape, env } = await prepared(folder.path);
    await using replay = new Process(['replay', tape, '--speed', 'max', '--exit'], env);
    expect(await replay.ended).toBe(0);
    expect(replay.log.map(({ msg }) => msg)).toContain('the tape is at its end');
    await using missing = new Process(['replay', join(folder.path, 'nowhere')], env);
    expect(await missing.ended).toBe(2);
    expect(missing.output).toContain('there is no tape');
    await using writer = new Process(['replay', tape, '--topology', 'ingestor'], env);
    expect(await writer.ended).toBe(2);
    expect(writer.output).toContain('ingestor writes into ticks');
  });
});

onChromium('the page of a replay', () => {
  it('shows the time of the tape, pauses, goes on, is sped up, and goes forward', async () => {
    using folder = temporaryFolder();
    const { tape, env, url } = await prepared(folder.path);
    await using replay = new Process(['replay', tape, '--speed', '5x'], env);
    await isServing(url);
    const browser = await launchChromium();
    await using watched = await openPage(browser, url);
    const { page, complaints } = watched;
    const shown = () => page.locator('#replay-time').innerText();
    await eventually('the tape', async () => /UTC of .*, 5x$/.test(await shown()));
    await page.locator('#replay-pause').click();
    await eventually('a pause', async () => (await shown()).endsWith('paused'));
    const before = await stateAt(url);
    // The first may be due already.
    await page.locator('#replay-step').click();
    await page.locator('#replay-step').click();
    await eventually('a step', async () => (await stateAt(url)).at > before.at);
    await page.locator('#replay-pause').click();
    await page.locator('#replay-speed').selectOption('60x');
    await eventually('60x', async () => (await shown()).endsWith('60x') || (await shown()).endsWith('at its end'));
    await page.locator('#replay-position').fill('900');
    await eventually('the end', async () => (await shown()).endsWith('at its end'));
    expect(complaints).toEqual([]);
    await browser.close();
    expect(await replay.stop()).toBe(0);
  });
});

onTerminal('a replay on a terminal', () => {
  it('has the time of the tape on the dashboard, which pauses it with space', async () => {
    using folder = temporaryFolder();
    const { tape, env } = await prepared(folder.path);
    const args = ['replay', tape, '--topology', 'analytics,dashboard'];
    using terminal = new Terminal(args, { folder: folder.path, env, width: 110 });
    await eventually('the tape', async () => /tape \d\d:\d\d:\d\d of \d\d:\d\d:\d\d, 1x/.test(terminal.text));
    terminal.press('Space');
    await eventually('a pause', async () => terminal.text.includes('paused, space: go on'));
    terminal.press('q');
    await eventually('the end', async () => terminal.text.includes('ended with 0'));
  });

  it('pauses with space and plays one message with the right arrow, where no screen is', async () => {
    using folder = temporaryFolder();
    const { tape, env } = await prepared(folder.path);
    using terminal = new Terminal(['replay', tape, '--topology', 'analytics'], {
      folder: folder.path,
      env,
      width: 110,
    });
    await eventually('a start', async () => terminal.text.includes('running'));
    terminal.press('Space');
    await eventually('a pause', async () => /tape: .*Z, paused/.test(terminal.text));
    terminal.press('Right');
    await eventually('a step', async () => (terminal.text.match(/tape: .*Z, paused/g) ?? []).length === 2);
    terminal.press('C-c');
    await eventually('the end', async () => terminal.text.includes('ended with 0'));
    expect(terminal.text).toContain('the terminal is as it was');
  });
});
