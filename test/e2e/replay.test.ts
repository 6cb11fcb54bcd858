import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { record } from '../../src/cli/tape/record.ts';
import type { ReplayState } from '../../src/kit/replay.ts';
import { launchChromium, onChromium, openPage } from '../support/browser/browser.ts';
import { eventually, freePort, Process, temporaryFolder } from '../support/cli/platform.ts';
import { appended, logPipeline, tapeOf } from '../support/cli/tape.ts';
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

/** How many trades are stored. */
async function storedAt(url: string): Promise<number> {
  const { data } = (await (await fetch(`${url}/api/v1/symbols`)).json()) as {
    readonly data: { readonly available: readonly { readonly trade_count: number }[] };
  };
  return data.available.reduce((sum, { trade_count }) => sum + trade_count, 0);
}

const isHalfOf = (trades: number) => trades >= 2998 && trades <= 3004;

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
    await eventually('its trades', async () => isHalfOf(await storedAt(url)));
    for (const [query, status] of [
      ['speed=fast', 400],
      ['pause=yes', 400],
      ['to=1', 400],
      ['step=2', 400],
      ['nothing=1', 400],
    ] as const)
      expect([query, (await post(url, query)).status]).toEqual([query, status]);
    expect((await post(url, 'pause=false', {})).status).toBe(403);
    const foreign = { 'X-FDP-Replay': '1', Origin: 'https://evil.example' };
    expect((await post(url, 'pause=false', foreign)).status).toBe(403);
    expect((await post(url, 'pause=true', { ...foreign, Origin: url })).status).toBe(200);
    await post(url, 'pause=false&speed=max');
    await eventually('the end', async () => (await stateAt(url)).isOver);
    expect((await stateAt(url)).at).toBe(paused.to);
    expect(await storedAt(url)).toBe(6000);
    expect((await post(url, `to=${half}`)).status).toBe(200);
    await eventually('half of it again', async () => {
      const state = await stateAt(url).catch(() => undefined);
      return state?.restarts === 1 && state.isPaused && state.at > half - 200 && state.at <= half;
    });
    await eventually('its trades', async () => isHalfOf(await storedAt(url)));
    expect((await post(url, 'step=back')).status).toBe(200);
    await eventually('one message less', async () => {
      const state = await stateAt(url).catch(() => undefined);
      return state?.restarts === 2 && state.at > half - 300 && state.at <= half - 100;
    });
    expect(await replay.stop()).toBe(0);
  });

  it('is not controlled from another machine', async ({ skip }) => {
    const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
    const own = addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
    if (own === undefined) return skip('this machine has no address but its own');
    using folder = temporaryFolder();
    const { tape, env, url } = await prepared(folder.path);
    const open = { API_HOST: '0.0.0.0', API_HOSTS: own, FDP_INSECURE: 'true' };
    await using replay = new Process(['replay', tape, '--topology', 'processor,api', '--speed', '60x'], {
      ...env,
      ...open,
    });
    await isServing(url);
    // Whoever asks at this address has it as well.
    const outside = url.replace('127.0.0.1', own);
    expect(await stateAt(outside)).toMatchObject({ isPaused: false });
    const refused = await post(outside, 'pause=true');
    expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('from its own machine only')]);
    expect(await stateAt(outside)).toMatchObject({ isPaused: false });
    expect(await replay.stop()).toBe(0);
  });

  it('goes forward only where its tables are kept', async () => {
    using folder = temporaryFolder();
    const { tape, env, url } = await prepared(folder.path);
    const args = ['replay', tape, '--topology', 'processor,api', '--speed', 'max', '--data', join(folder.path, 'kept')];
    await using replay = new Process(args, env);
    await isServing(url);
    await eventually('the end', async () => (await stateAt(url)).isOver);
    for (const query of [`to=${(await stateAt(url)).from}`, 'step=back']) {
      const refused = await post(url, query);
      expect([refused.status, await refused.text()]).toEqual([400, expect.stringContaining('goes forward only')]);
    }
    expect(await replay.stop()).toBe(0);
  });

  it('ends with 3 if it is forced while messages are in it', async () => {
    using folder = temporaryFolder();
    const request = logPipeline(folder.path);
    await appended(request, [{ value: { text: 'x'.repeat(900_000) } }]);
    await record(request, { from: 'ticks', output: 'tape' });
    const tape = join(folder.path, 'tape');
    const args = ['replay', tape, '--pipeline', request.pipelinePath];
    await using replay = new Process(args, { OBSERVE_PORT: '' });
    // Nobody reads the rest of the message, and no pipe holds it.
    replay.child.stdout?.once('data', () => replay.child.stdout?.pause());
    await eventually('a first message', async () => replay.stdout !== '');
    const ended = once(replay.child, 'exit');
    replay.child.kill('SIGINT');
    await eventually('a stop that waits', async () => /stopping: waiting for flow/.test(replay.output));
    replay.child.kill('SIGINT');
    expect(await ended, replay.output).toEqual([3, null]);
    expect(replay.output).toMatch(/forced: flow\/out left \d+ messages unfinished/);
    replay.child.stdout?.resume();
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
  it('shows the time of the tape, pauses, goes on, is sped up, and goes forward and back', async () => {
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
    const later = before.from + (before.to - before.from) * 0.9;
    await page.locator('#replay-position').fill('900');
    await eventually('a later time', async () => (await stateAt(url)).at >= later - 200);
    expect(await stateAt(url)).toMatchObject({ isPaused: true, isOver: false, restarts: 0 });
    await page.locator('#replay-speed').selectOption('60x');
    await page.locator('#replay-pause').click();
    await eventually('60x, and the end', async () => (await shown()).endsWith('at its end'));
    expect(await stateAt(url)).toMatchObject({ speed: 60 });
    expect(complaints).toEqual([]);
    const shownTrades = async () => {
      const counts = await page.locator('#symbols td:nth-child(5)').allInnerTexts();
      return counts.reduce((sum, text) => sum + Number(text.replace(/\D/g, '')), 0);
    };
    await eventually('all trades', async () => (await shownTrades()) === 6000);
    await page.locator('#replay-pause').click();
    await page.locator('#replay-position').fill('500');
    await eventually('half of it', async () => {
      const state = await stateAt(url).catch(() => undefined);
      const isThere = /:02:(30|29) UTC of .*, paused$/.test(await shown());
      return state?.restarts === 1 && isThere && isHalfOf(await shownTrades());
    });
    await page.locator('#replay-back').click();
    await eventually('one message less', async () => (await stateAt(url).catch(() => undefined))?.restarts === 2);
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
    const before = await terminal.shows(/tape \d\d:\d\d:\d\d/);
    for (let step = 0; step < 30; step++) terminal.press('Right');
    const moved = (text: string) => /tape (\d\d:\d\d:\d\d)/.exec(text)?.[1];
    await eventually('steps', async () => moved(terminal.text) !== moved(before));
    const after = moved(terminal.text);
    for (let step = 0; step < 20; step++) terminal.press('Left');
    await eventually('steps back', async () => (moved(terminal.text) ?? '') < (after ?? ''));
    await terminal.shows('paused, space: go on, arrows: step');
    terminal.press('q');
    await eventually('the end', async () => terminal.text.includes('ended with 0'));
    expect(terminal.text).toContain('the terminal is as it was');
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
    terminal.press('Left');
    await eventually('a step back', async () => terminal.text.includes('tape: going back'));
    terminal.press('C-c');
    await eventually('the end', async () => terminal.text.includes('ended with 0'));
    expect(terminal.text).toContain('the terminal is as it was');
  });
});
