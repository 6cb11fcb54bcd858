// Numbers and times in what others send. The page runs in browsers, so nothing of Node is used here.

const longestNumber = 40;
/** Numbers from here on are milliseconds; below, seconds. */
const firstMs = 1e11;
const lastMs = 4.1e12;

/** A number, or the text of one; undefined: neither, or not finite. */
export function numberOf(value: unknown): number | undefined {
  if (typeof value === 'string' && /^\s*[+-]?(\d|\.\d)/.test(value) && value.length <= longestNumber)
    return numberOf(Number(value));
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** ISO 8601, Unix seconds or ms, as Unix ms; undefined: no time of 1970 to 2099. */
export function timeOf(value: unknown): number | undefined {
  const number = numberOf(value) ?? (typeof value === 'string' ? Date.parse(value) : Number.NaN);
  const ms = number < firstMs ? number * 1000 : number;
  return ms > 0 && ms < lastMs ? ms : undefined;
}
