import { expect, it } from 'vitest';
import { onChromium } from '../support/browser/browser.ts';
import { liveAndReplayed, withoutBegin } from '../support/cli/live-and-replayed.ts';
import { temporaryFolder } from '../support/cli/platform.ts';
import { onTerminal } from '../support/cli/tmux.ts';

onChromium('a replay at 60x', () =>
  onTerminal('beside the run that it is of', () => {
    it('broadcasts the same lines, and the page and the dashboard show the same', { timeout: 300_000 }, async () => {
      using folder = temporaryFolder();
      const rate = 100;
      const { live, replayed } = await liveAndReplayed(folder.path, { seconds: 20, rate });
      expect(Object.values(live.lines).flat()).toHaveLength(20 * rate);
      expect(replayed.lines).toEqual(withoutBegin(live, replayed, 3));
      expect(live.symbols.length).toBeGreaterThan(3);
      expect(replayed.symbols).toEqual(live.symbols);
      expect(live.trades).toHaveLength(15);
      expect(replayed.trades).toEqual(live.trades);
      expect(live.screen).toHaveLength(live.symbols.length);
      expect(replayed.screen).toEqual(live.screen);
    });
  }),
);
