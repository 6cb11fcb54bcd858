import { expect, it } from 'vitest';
import { onChromium } from '../../support/browser/browser.ts';
import { liveAndReplayed, withoutBegin } from '../../support/cli/live-and-replayed.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';
import { onTerminal } from '../../support/cli/tmux.ts';

onChromium('ten minutes of the mock market, replayed at 60x', () =>
  onTerminal('beside the run that it is of', () => {
    it('are the same lines, and the same on the page and the dashboard', { timeout: 1_200_000 }, async () => {
      using folder = temporaryFolder();
      const { live, replayed } = await liveAndReplayed(folder.path, { seconds: 600, rate: 50 });
      expect(Object.values(live.lines).flat()).toHaveLength(30_000);
      expect(replayed).toEqual({ ...live, lines: withoutBegin(live, replayed, 3) });
    });
  }),
);
