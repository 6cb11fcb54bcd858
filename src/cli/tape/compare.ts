import { jsonLine } from '../test/texts.ts';

/** A row, a record or a line, with what it is compared by. */
export interface Keyed {
  readonly key: string;
  readonly value: unknown;
}

/** Two that stand for each other and are not the same: the fields that differ, each as both have it. */
export interface Different {
  readonly key: string;
  /** Of several with one key, which, from 1. */
  readonly number: number;
  readonly fields: Readonly<Record<string, readonly [one: unknown, other: unknown]>>;
}

export interface Comparison {
  /** How many each has. */
  readonly counts: readonly [one: number, other: number];
  readonly onlyOne: readonly Keyed[];
  readonly onlyOther: readonly Keyed[];
  readonly different: readonly Different[];
}

/**
 * Compares by key; of several with one key the first with the first, and so on. Where one of them has more, those that are the same at the
 * beginning and at the end are taken for each other first.
 */
export function compared(one: readonly Keyed[], other: readonly Keyed[]): Comparison {
  const [ones, others] = [byKey(one), byKey(other)];
  const found = { onlyOne: [] as Keyed[], onlyOther: [] as Keyed[], different: [] as Different[] };
  for (const key of new Set([...ones.keys(), ...others.keys()])) {
    const [left, right] = [ones.get(key) ?? [], others.get(key) ?? []];
    const { start, end } = sameEnds(left, right);
    const [mine, theirs] = [left.slice(start, left.length - end), right.slice(start, right.length - end)];
    const both = Math.min(mine.length, theirs.length);
    for (let at = 0; at < both; at++) {
      const fields = differing(mine[at], theirs[at]);
      if (Object.keys(fields).length > 0) found.different.push({ key, number: start + at + 1, fields });
    }
    found.onlyOne.push(...mine.slice(both).map((value) => ({ key, value })));
    found.onlyOther.push(...theirs.slice(both).map((value) => ({ key, value })));
  }
  return { counts: [one.length, other.length], ...found };
}

export function isSame({ onlyOne, onlyOther, different }: Comparison): boolean {
  return onlyOne.length + onlyOther.length + different.length === 0;
}

function byKey(all: readonly Keyed[]): ReadonlyMap<string, readonly unknown[]> {
  const groups = new Map<string, unknown[]>();
  for (const { key, value } of all) {
    const group = groups.get(key);
    if (group) group.push(value);
    else groups.set(key, [value]);
  }
  return groups;
}

/** How many are the same at the beginning, and at the end; nothing is left out where there are equally many. */
function sameEnds(left: readonly unknown[], right: readonly unknown[]) {
  if (left.length === right.length) return { start: 0, end: 0 };
  const shorter = Math.min(left.length, right.length);
  let start = 0;
  while (start < shorter && isEqual(left[start], right[start])) start++;
  let end = 0;
  while (end < shorter - start && isEqual(left.at(-1 - end), right.at(-1 - end))) end++;
  return { start, end };
}

function differing(one: unknown, other: unknown): Different['fields'] {
  if (isEqual(one, other)) return {};
  if (!isObject(one) || !isObject(other)) return { value: [one, other] };
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const unequal = names.filter((name) => !isEqual(one[name], other[name]));
  return Object.fromEntries(unequal.map((name) => [name, [one[name], other[name]] as const]));
}

function isEqual(one: unknown, other: unknown): boolean {
  if (!isObject(one) || !isObject(other)) return JSON.stringify(one) === JSON.stringify(other);
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => isEqual(one[name], other[name]));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** How many of each kind are shown. */
const shown = 3;

/** What differs, in lines: the first of each kind. `names`: those of the two pipelines. */
export function differenceLines(
  { onlyOne, onlyOther, different }: Comparison,
  names: readonly [one: string, other: string],
): readonly string[] {
  const fields = [...new Set(different.flatMap((each) => Object.keys(each.fields)))];
  return [
    ...listed(`${different.length} different in ${fields.join(', ')}`, different, differenceLine),
    ...listed(`${onlyOne.length} only with ${names[0]}`, onlyOne, onlyLine),
    ...listed(`${onlyOther.length} only with ${names[1]}`, onlyOther, onlyLine),
  ];
}

function listed<T>(head: string, all: readonly T[], line: (each: T) => string): readonly string[] {
  if (all.length === 0) return [];
  const more = all.length > shown ? [`    and ${all.length - shown} more`] : [];
  return [`  ${head}`, ...all.slice(0, shown).map((each) => `    ${line(each)}`), ...more];
}

function onlyLine({ key, value }: Keyed): string {
  return `${key}: ${jsonLine(value)}`;
}

function differenceLine({ key, number, fields }: Different): string {
  const changes = Object.entries(fields).map(
    ([name, [one, other]]) => `${name} ${jsonLine(one)} -> ${jsonLine(other)}`,
  );
  return `${key}${number > 1 ? ` (${number})` : ''}: ${changes.join(', ')}`;
}
