import { byId, html, setAttribute } from './dom.ts';

/** In the place of an interval: the line of the last minutes. */
export const line = 'line';

/** The buttons for what the chart shows. The choice is kept in the address. */
export class IntervalButtons {
  readonly #group = byId('intervals');
  readonly #choose: (interval: string) => void;

  /** `choose` is called with the interval that a person picks, or with `line`. */
  constructor(choose: (interval: string) => void) {
    this.#choose = choose;
  }

  /** Offers these; gives the one to begin with. Without any there is but the line, and nothing to choose. */
  start(intervals: readonly string[]): string {
    const all = intervals.length === 0 ? [] : [line, ...intervals];
    this.#group.hidden = all.length === 0;
    this.#group.replaceChildren(...all.map((name) => this.#button(name)));
    const asked = new URLSearchParams(location.search).get('interval') ?? '';
    const first = all.includes(asked) ? asked : (intervals[0] ?? line);
    this.#press(first);
    return first;
  }

  #button(name: string): HTMLElement {
    const button = html('button', { type: 'button', 'data-interval': name }, name === line ? 'Line' : name);
    button.addEventListener('click', () => {
      const url = new URL(location.href);
      url.searchParams.set('interval', name);
      history.replaceState(null, '', url);
      this.#press(name);
      this.#choose(name);
    });
    return button;
  }

  #press(name: string): void {
    for (const button of this.#group.children)
      setAttribute(button, 'aria-pressed', button.getAttribute('data-interval') === name ? 'true' : 'false');
  }
}
