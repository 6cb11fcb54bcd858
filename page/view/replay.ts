import { nextSpeed, type ReplayState, speedText } from '../../src/kit/replay.ts';
import { positionText, timeAt, timeText } from '../model/replay.ts';
import { byId, html, setAttribute, setText } from './dom.ts';

const path = '/api/v1/replay';

/** Where the tape is that is played in the place of the log, and its controls; hidden where none is. */
export class ReplayPanel {
  readonly #panel = byId('replay');
  readonly #pause = byId('replay-pause');
  readonly #speed = byId('replay-speed') as HTMLSelectElement;
  readonly #position = byId('replay-position') as HTMLInputElement;
  #state: ReplayState | undefined;
  /** How often the topologies had started over when the page was loaded. */
  #restarts: number | undefined;
  /** The slider is held: it shows where it will go, not where the tape is. */
  #isHeld = false;

  constructor() {
    this.#pause.addEventListener('click', () => void this.#change('pause', String(!this.#state?.isPaused)));
    byId('replay-step').addEventListener('click', () => void this.#change('step', 'true'));
    byId('replay-back').addEventListener('click', () => void this.#change('step', 'back'));
    this.#speed.addEventListener('change', () => void this.#change('speed', this.#speed.value));
    this.#position.addEventListener('input', () => {
      this.#isHeld = true;
      this.#showTime();
    });
    this.#position.addEventListener('change', () => {
      this.#isHeld = false;
      const { from, to } = this.#state ?? { from: 0, to: 0 };
      void this.#change('to', String(timeAt(Number(this.#position.value), { from, to })));
    });
  }

  /** What the page shows of a time that the tape has gone back from is not so any more: then all of it is loaded again. */
  show(state: ReplayState | undefined): void {
    this.#state = state;
    this.#restarts ??= state?.restarts;
    if (state && state.restarts !== this.#restarts) {
      location.reload();
      return;
    }
    setAttribute(this.#panel, 'hidden', state === undefined);
    if (!state) return;
    setText(this.#pause, state.isPaused ? 'Play' : 'Pause');
    this.#showSpeed(state.speed);
    if (!this.#isHeld) this.#position.value = positionText(state);
    this.#showTime();
  }

  #showTime(): void {
    const state = this.#state;
    if (!state) return;
    const at = this.#isHeld ? timeAt(Number(this.#position.value), state) : state.at;
    setText(byId('replay-time'), timeText({ ...state, at }));
  }

  #showSpeed(speed: ReplayState['speed']): void {
    if (this.#speed.options.length === 0) {
      const all: ReplayState['speed'][] = [];
      for (let each: ReplayState['speed'] = 0; each !== all.at(-1); each = nextSpeed(each, 1)) all.push(each);
      const texts = new Set([...all.slice(1).map(speedText), 'max', speedText(speed)]);
      this.#speed.append(...[...texts].map((text) => html('option', { value: text }, text)));
    }
    if (document.activeElement !== this.#speed) this.#speed.value = speedText(speed);
  }

  async #change(name: string, value: string): Promise<void> {
    const problem = byId('replay-problem');
    try {
      const response = await fetch(`${path}?${new URLSearchParams({ [name]: value })}`, {
        method: 'POST',
        headers: { 'X-FDP-Replay': '1' },
      });
      const { data, error } = (await response.json()) as {
        readonly data: ReplayState | null;
        readonly error: string | null;
      };
      setText(problem, error ?? '');
      if (data) this.show(data);
    } catch {
      setText(problem, 'the process can not be reached');
    }
  }
}
