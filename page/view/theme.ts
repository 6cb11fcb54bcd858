import { byId, html } from './dom.ts';

const key = 'fdp-theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

/** The button for light and dark; by default the system's setting is used. `changed` is called after each change. */
export function startTheme(changed: () => void): void {
  const button = byId('theme');
  const show = () => {
    const isDark = themeNow() === 'dark';
    document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
    const word = html('span', { class: 'word' }, isDark ? ' Light' : ' Dark');
    button.replaceChildren(isDark ? '☀' : '☾', word);
    button.setAttribute('aria-label', `Change to ${isDark ? 'light' : 'dark'} colours`);
    changed();
  };
  button.addEventListener('click', () => {
    choose(themeNow() === 'dark' ? 'light' : 'dark');
    show();
  });
  dark.addEventListener('change', show);
  show();
}

function themeNow(): 'light' | 'dark' {
  const chosen = stored();
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return dark.matches ? 'dark' : 'light';
}

// If nothing may be stored, the choice lasts until the page is closed.
let choice: string | null = null;

function stored(): string | null {
  try {
    return choice ?? localStorage.getItem(key);
  } catch {
    return choice;
  }
}

function choose(theme: 'light' | 'dark'): void {
  choice = theme;
  try {
    localStorage.setItem(key, theme);
  } catch {
    // `choice` keeps it for this page.
  }
}

/** A colour of the style sheet: `--accent`. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}
