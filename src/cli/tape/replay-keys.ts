import type { Environment } from '../../kit/environment.ts';
import { nextSpeed, playingText, type ReplayControl, type ReplayState } from '../../kit/replay.ts';

const back = '\u001b[D';
const keys: Readonly<Record<string, (replay: ReplayControl) => void>> = {
  ' ': (replay) => replay.pause(!replay.state().isPaused),
  '\u001b[C': (replay) => replay.step(),
  [back]: (replay) => replay.stepBack(),
  '\u001b[A': (replay) => replay.setSpeed(nextSpeed(replay.state().speed, 1)),
  '\u001b[B': (replay) => replay.setSpeed(nextSpeed(replay.state().speed, -1)),
};

/** What a key has done: what was played just now need not have been read for it. */
function textOf(key: string, state: ReplayState): string {
  if (key === back) return state.forwardOnly ?? 'going back one message';
  return `${new Date(state.at).toISOString()}, ${playingText({ ...state, isCatchingUp: false })}`;
}

/**
 * On a terminal: space pauses and goes on, the right arrow plays one message, the left one takes one back, up and down change the
 * speed; each is logged with where the tape is. The returned function gives the terminal back.
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
    const state = replay.state();
    log.info({ at: state.at }, `tape: ${textOf(key, state)}`);
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
