import { html, setAttribute, setText } from './dom.ts';

/** A name, its value, and whether it needs attention. */
export type Figure = readonly [name: string, value: string, tone?: 'bad' | undefined];

/** Shows figures in a `dl`; its elements are reused while the names are the same. */
export function showFigures(list: HTMLElement, figures: readonly Figure[]): void {
  const names = figures.map(([name]) => name).join('\n');
  if (list.dataset['names'] !== names) {
    list.dataset['names'] = names;
    list.replaceChildren(...figures.map(([name]) => html('div', {}, html('dt', {}, name), html('dd'))));
  }
  for (const [index, [, value, tone]] of figures.entries()) {
    const cell = list.children[index]?.lastElementChild;
    if (!cell) continue;
    setText(cell, value);
    setAttribute(cell, 'data-tone', tone);
  }
}
