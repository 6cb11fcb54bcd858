import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { type DiffFlags, diff } from '../../../src/cli/tape/diff.ts';
import { pipelineCopy } from '../../support/cli/pipeline-copy.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';
import { appended, frames, tapeOf } from '../../support/cli/tape.ts';

type Edit = readonly [text: string, instead: string];

/** What `fdp diff` says of the shipped pipeline and one with edits, on a tape of 480 trades. */
async function compared(edits: readonly Edit[], flags: DiffFlags = {}, topologies?: readonly string[]) {
  using folder = temporaryFolder();
  const pipelinePath = pipelineCopy(folder.path);
  const text = edits.reduce(
    (yaml, [from, to]) => {
      expect(yaml).toContain(from);
      return yaml.replace(from, () => to);
    },
    readFileSync(pipelinePath, 'utf8'),
  );
  writeFileSync(join(dirname(pipelinePath), 'other.yml'), text);
  const given = flags.last === undefined ? { tape: await tapeOf(folder.path, 240) } : {};
  const request = {
    ...{ pipelinePath, profile: 'embedded', env: { FDP_DATA: folder.path }, components: { connectors, operators } },
    folder: dirname(pipelinePath),
    ...(topologies && { topologies }),
  };
  if (flags.last !== undefined) await appended(request, frames(40, Date.now() - 60_000));
  return await diff(request, 'other.yml', { ...given, ...flags });
}

interface Shown {
  readonly same: boolean;
  readonly sinks: readonly {
    readonly topology: string;
    readonly sink: string;
    readonly same: boolean;
    readonly counts: readonly number[];
    readonly different: { readonly count: number; readonly rows: readonly { readonly fields: object }[] };
    readonly only_in_first: { readonly count: number };
    readonly only_in_second: { readonly count: number };
  }[];
}

describe('fdp diff', () => {
  it('finds no difference between a pipeline and itself, at any sink', async () => {
    const { text, exitCode } = await compared([]);
    expect(text.split('\n')).toEqual([
      'same       processor: trades (480)',
      'same       processor: symbols (4)',
      'same       processor: dead_letters (0)',
      expect.stringMatching(/^same {7}candles: candles \(\d+\)$/),
      'same       candles: gaps (0)',
      'same       candles: dead_letters (0)',
      'same       analytics: vwap_feed (480)',
      'same       analytics: dead_letters (0)',
      'the same',
      '',
    ]);
    expect(exitCode).toBe(0);
  });

  it('shows `vwap` alone between a window of 50 and one of 51', async () => {
    const edit = ['vwap: { window: 50', 'vwap: { window: 51'] as const;
    const { text, exitCode } = await compared([edit], { json: true });
    const { same, sinks } = JSON.parse(text) as Shown;
    expect({ same, exitCode }).toEqual({ same: false, exitCode: 1 });
    expect(sinks.filter((sink) => !sink.same).map(({ sink }) => sink)).toEqual(['vwap_feed']);
    const [feed] = sinks.filter(({ sink }) => sink === 'vwap_feed');
    expect(feed?.counts).toEqual([480, 480]);
    expect([feed?.only_in_first.count, feed?.only_in_second.count]).toEqual([0, 0]);
    expect(feed?.different.count).toBeGreaterThan(100);
    const fields = feed?.different.rows.flatMap((row) => Object.keys(row.fields));
    expect(new Set(fields)).toEqual(new Set(['vwap']));
    const shown = await compared([edit], {}, ['analytics']);
    expect(shown.text).toMatch(
      /^different {2}analytics: vwap_feed \(480\)\n {2}\d+ different in vwap\n {4}AAPL \(51\): vwap /,
    );
    expect(shown.text).toContain('1 of 2 sinks differ');
  });

  it('shows rows that only one has, counters that differ, and dead letters', async () => {
    const { text } = await compared([['price < 1e15', 'price < 112.0']], { json: true }, ['processor']);
    const { sinks } = JSON.parse(text) as Shown;
    const of = (name: string) => sinks.find(({ sink }) => sink === name);
    const dropped = of('trades')?.only_in_first.count ?? 0;
    expect(dropped).toBeGreaterThan(0);
    expect(of('dead_letters')?.only_in_second.count).toBe(dropped);
    expect(Object.keys(of('symbols')?.different.rows[0]?.fields ?? {})).toContain('tradeCount');
  });

  it('takes the last messages of the log itself, and ends with 2 where there are none', async () => {
    const { text, exitCode } = await compared([], { last: '1h' }, ['processor']);
    expect(text).toContain('same       processor: trades (80)');
    expect(exitCode).toBe(0);
    const none = await compared([], { last: '1s' }, ['processor']);
    expect(none).toMatchObject({ exitCode: 2, text: 'record: ticks has no message in this range\n' });
  });

  it('is wrong, with 2, where a pipeline is, or what is asked of it', async () => {
    const wrong = await compared([['vwap: { window: 50', 'vwap: { windw: 50']]);
    expect(wrong.exitCode).toBe(2);
    expect(wrong.text).toContain('other.yml');
    await expect(compared([], { tape: 'a', last: '1h' })).rejects.toThrow('expected either --tape FOLDER or --last 1h');
    await expect(compared([], { tape: 'nowhere' })).rejects.toThrow('there is no tape');
    await expect(compared([], { last: 'noon' })).rejects.toThrow('--last: expected a duration');
    await expect(compared([], {}, ['analytic'])).rejects.toThrow(
      'has no topology "analytic": did you mean "analytics"?',
    );
    const renamed = compared([['  analytics:\n', '  averages:\n']], {}, ['analytics']);
    await expect(renamed).rejects.toThrow('other.yml has no topology "analytics"');
  });
});
