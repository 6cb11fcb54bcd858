/** Whether a run of these still fails. */
export type Fails<T> = (items: readonly T[]) => Promise<boolean>;

/**
 * The shortest beginning of a list that fails, if longer ones fail as well; found in a logarithmic number of runs. All of it must fail.
 */
export async function shortestFailing<T>(items: readonly T[], fails: Fails<T>): Promise<readonly T[]> {
  let [passing, failing] = [0, items.length];
  while (failing - passing > 1) {
    const middle = Math.floor((passing + failing) / 2);
    if (await fails(items.slice(0, middle))) failing = middle;
    else passing = middle;
  }
  return items.slice(0, failing);
}

/**
 * A part of a list that fails, and no longer does without any one of its items (Zeller and Hildebrandt, delta debugging). `fails`
 * may say no where it has had enough: what has been reached is kept. All of the list must fail.
 */
export async function smallestFailing<T>(items: readonly T[], fails: Fails<T>): Promise<readonly T[]> {
  let kept = items;
  let parts = 2;
  while (kept.length > 0) {
    const size = Math.ceil(kept.length / parts);
    const smaller = await withoutOne(kept, size, fails);
    if (smaller) {
      kept = smaller;
      parts = Math.max(2, Math.min(parts - 1, kept.length));
    } else if (size <= 1) return kept;
    else parts = Math.min(kept.length, parts * 2);
  }
  return kept;
}

/** Without one of its parts of that size, the first that is not needed; the later ones are tried first. */
async function withoutOne<T>(items: readonly T[], size: number, fails: Fails<T>): Promise<readonly T[] | undefined> {
  for (let at = Math.floor((items.length - 1) / size) * size; at >= 0; at -= size) {
    const others = [...items.slice(0, at), ...items.slice(at + size)];
    if (await fails(others)) return others;
  }
  return undefined;
}
