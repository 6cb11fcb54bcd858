import { distance } from 'fastest-levenshtein';

const maxCompared = 1000;
const maxListed = 30;

/** The known name that `word` was probably meant to be; undefined if none is similar. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  const wanted = word.slice(0, 100).toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.min(3, Math.floor(wanted.length / 3))) + 0.5;
  let compared = 0;
  for (const name of known) {
    if (++compared > maxCompared) break;
    const lower = name.slice(0, 100).toLowerCase();
    const begins = wanted.length >= 4 && lower.length >= 4 && (lower.startsWith(wanted) || wanted.startsWith(lower));
    const far = isSwapped(wanted, lower)
      ? 1
      : Math.min(distance(wanted, lower), begins ? 2.2 : Number.POSITIVE_INFINITY);
    if (far < least || (begins && best === undefined)) {
      best = name;
      least = Math.min(least, far);
    }
  }
  return best;
}

/** Two neighbours in the wrong order are one slip, not two. */
function isSwapped(one: string, other: string): boolean {
  if (one.length !== other.length) return false;
  const at = [...one].findIndex((letter, index) => letter !== other[index]);
  const swapped = one.slice(0, at) + (one[at + 1] ?? '') + (one[at] ?? '') + one.slice(at + 2);
  return at >= 0 && swapped === other;
}

/** A hint for an unknown name: the most similar known one, and the list of known ones. */
export function suggestion(word: string, known: Iterable<string>, what: string): string {
  const names = [...known];
  if (names.length === 0) return `there are no ${what}`;
  const near = nearest(word, names);
  const listed = names.slice(0, maxListed).join(', ') + (names.length > maxListed ? ', ...' : '');
  return near === undefined ? `${what}: ${listed}` : `did you mean "${near}"? (${what}: ${listed})`;
}
