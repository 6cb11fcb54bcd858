/**
 * How prices are written on every screen: the live page, its chart and the dashboard. The page runs in browsers, so
 * nothing of Node is used here.
 */

/** The most digits that an instrument's price has; more are floating-point noise. */
const mostDigits = 12;
/** Digits kept of a price with such noise. */
const meantDigits = 7;
const fewestDecimals = 2;
const mostDecimals = 20;
/** A double holds no more. */
const exactDigits = 15;
/** From here on, and below it, a price is written with an exponent. */
const largest = 1e15;
const smallest = 1e-15;

/** Decimals that a price came with, two at least: `1.08653` has five, `1e-9` nine, `700000` two. */
export function decimalsOf(price: number): number {
  if (price === 0 || !Number.isFinite(price)) return fewestDecimals;
  const digits = digitsOf(meant(price));
  return Math.max(fewestDecimals, Math.min(mostDecimals, digits.count - 1 - digits.exponent));
}

/** The price without the noise of arithmetic: `1.0865700000000001` is 1.08657, `33.333333333333336` is 33.33333. */
function meant(price: number): number {
  if (digitsOf(price).count <= mostDigits) return price;
  const rounded = Number(price.toPrecision(mostDigits));
  return digitsOf(rounded).count < mostDigits ? rounded : Number(price.toPrecision(meantDigits));
}

function digitsOf(price: number): { readonly count: number; readonly exponent: number } {
  const [mantissa = '', exponent = '0'] = price.toExponential().split('e');
  return { count: mantissa.replace(/[-.]/g, '').length, exponent: Number(exponent) };
}

/** The decimals of an instrument after one more price: the most that any of its prices came with. */
export function widerDecimals(before: number | undefined, price: number): number {
  return Math.max(before ?? fewestDecimals, decimalsOf(price));
}

/** A price with the decimals of its instrument; never with digits that a number does not hold. */
export function priceText(price: number, decimals: number): string {
  const size = Math.abs(price);
  if (!Number.isFinite(price)) return '-';
  if (size >= largest || (size > 0 && size < smallest)) return price.toExponential(3);
  const before = size < 1 ? 1 : Math.floor(Math.log10(size)) + 1;
  const held = size < 1 ? mostDecimals : Math.max(fewestDecimals, exactDigits - before);
  return price.toFixed(Math.min(decimals, held));
}

/** Decimals with which the ends of an axis, and the labels between them, can be distinguished. */
export function axisDecimals(lowest: number, highest: number, decimals: number): number {
  const step = (highest - lowest) / 10;
  if (!(step > 0) || !Number.isFinite(step)) return decimals;
  return Math.max(decimals, Math.min(mostDecimals, Math.ceil(-Math.log10(step))));
}

/** How far a price lies from the VWAP, in basis points (hundredths of a percent); undefined without a VWAP. */
export function vwapDistance(price: number, vwap: number | undefined): number | undefined {
  if (vwap === undefined) return undefined;
  const part = ((price - vwap) / Math.abs(vwap)) * 10_000;
  return Number.isFinite(part) ? part : undefined;
}

/** `+3.6 bp`, `-12.0 bp`, `0.0 bp`: with its sign, so that colour is not the only one. */
export function basisPoints(value: number): string {
  if (Math.abs(value) >= 1e6) return `${value > 0 ? '+' : ''}${value.toExponential(1)} bp`;
  const text = value.toFixed(1);
  return `${Number(text) === 0 ? '0.0' : `${value > 0 ? '+' : ''}${text}`} bp`;
}
