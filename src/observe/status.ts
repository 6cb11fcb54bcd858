import type { Clock } from '../kit/clock.ts';
import type { ProcessSnapshot } from '../kit/snapshot.ts';
import type { Painter } from './painter.ts';
import { statusLines } from './status-line.ts';

const everyMs = 500;

/** The period of the rate: a shorter one would jump, a longer one would lag. */
const rateOverMs = 2000;

interface StatusOptions {
  readonly painter: Painter;
  readonly clock: Clock;
  snapshot(): ProcessSnapshot;
}

/**
 * Shows the status of the process twice a second, with rates over the last two seconds; does nothing if there is no
 * terminal. The returned function shows it a last time and stops; the painter stays open.
 */
export function showStatus({ painter, clock, snapshot }: StatusOptions): () => void {
  if (!painter.isActive) return () => {};
  const recent: ProcessSnapshot[] = [];
  const show = () => {
    const current = snapshot();
    recent.push(current);
    while (recent.length > 1 + rateOverMs / everyMs) recent.shift();
    painter.paint(statusLines(recent[0] ?? current, current, painter.width));
  };
  let cancel = () => {};
  const tick = () => {
    show();
    cancel = clock.timer(everyMs, tick);
  };
  tick();
  return () => {
    cancel();
    show();
  };
}
