import { byId, html, setAttribute } from './dom.ts';

/** The choice beside the intervals: the line of the last minutes. */
export const line = 'line';

/** The buttons that choose between the line and the intervals. The choice is kept in the URL. */
export class IntervalButtons {
  readonly #group = byId('intervals');
  readonly #choose: (interval: string) => void;

  /** `choose` is called with the interval that the user selects, or with `line`. */
  constructor(choose: (interval: string) => void) {
    this.#choose = choose;
  }

  /** Offers these intervals, and returns the one to begin with. Without any there is only the line, and no buttons. */
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
