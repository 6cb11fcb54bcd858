/** The longest value that is shown whole, characters. */
const longest = 300;

/** A value on one line. */
export function jsonLine(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > longest ? `${text.slice(0, longest)}...` : text;
}

const units = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
] as const;

/** A duration as it is written in YAML, in the largest unit that has no fraction. */
export function durationText(ms: number): string {
  const [unit, size] = units.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
