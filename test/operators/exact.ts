/** A double as an exact integer, times 2^1200. */
export function exact(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const size = exponent === 0 ? fraction << 126n : (fraction | (1n << 52n)) << BigInt(exponent + 125);
  return bits >> 63n ? -size : size;
}

/** How far `got` is from `dividend / divisor`, relative to it; both are exact integers times the same power of two. */
export function errorOf(got: number, dividend: bigint, divisor: bigint): number {
  const difference = exact(got) * divisor - dividend * exact(1);
  if (difference === 0n) return 0;
  const scale = 10n ** 30n;
  return Math.abs(Number((difference * scale) / (dividend * exact(1)))) / 1e30;
}

interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/** How far `got` is from the exact weighted mean, relative to it. */
export function weightedError(items: readonly Weighted[], got: number): number {
  const paid = items.reduce((sum, { value, weight }) => sum + exact(value) * exact(weight), 0n);
  const traded = items.reduce((sum, { weight }) => sum + exact(weight), 0n) * exact(1);
  return errorOf(got, paid, traded);
}
