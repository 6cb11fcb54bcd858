import type { Environment } from '../../kit/environment.ts';
import { nextSpeed, type ReplayControl, speedText } from '../../kit/replay.ts';

const keys: Readonly<Record<string, (replay: ReplayControl) => void>> = {
  ' ': (replay) => replay.pause(!replay.state().isPaused),
  '\u001b[C': (replay) => replay.step(),
  '\u001b[A': (replay) => replay.setSpeed(nextSpeed(replay.state().speed, 1)),
  '\u001b[B': (replay) => replay.setSpeed(nextSpeed(replay.state().speed, -1)),
};

/**
 * On a terminal: space pauses and goes on, the right arrow plays one message, up and down change the speed; each
 * is logged with where the tape is. The returned function gives the terminal back.
 */
export function replayKeys(replay: ReplayControl, { log }: Pick<Environment, 'log'>): () => void {
  const { stdin } = process;
  if (!stdin.isTTY) return () => {};
  const onData = (bytes: Buffer) => {
    const key = bytes.toString();
    if (key === '\u0003') process.kill(process.pid, 'SIGINT');
    const act = keys[key];
    if (!act) return;
    act(replay);
    const { at, isPaused, speed } = replay.state();
    log.info({ at }, `tape: ${new Date(at).toISOString()}, ${isPaused ? 'paused' : speedText(speed)}`);
  };
  stdin.setRawMode(true);
  stdin.on('data', onData);
  stdin.resume();
  return () => {
    stdin.off('data', onData);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
