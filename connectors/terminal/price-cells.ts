import { basisPoints, priceText, vwapDistance } from '../../src/kit/price-text.ts';
import { plain, type Style } from './lines.ts';
import type { Direction } from './market.ts';

/** A price, padded so that its decimal point is aligned with those of prices with more decimals. */
export function aligned(value: number, own: number, decimals: number): string {
  const text = priceText(value, own);
  const after = text.includes('e') ? decimals : text.length - 1 - text.indexOf('.');
  return text + ' '.repeat(Math.max(0, decimals - after));
}

/** The distance of a price from the VWAP, in basis points; `-` without a VWAP. */
export function distanceText(price: number, vwap: number | undefined): string {
  const distance = vwapDistance(price, vwap);
  return distance === undefined ? '-' : basisPoints(distance);
}

export function sign(direction: Direction): string {
  return direction > 0 ? '▲' : direction < 0 ? '▼' : ' ';
}

export function directed(direction: Direction): Style {
  return direction > 0 ? { colour: 'green' } : direction < 0 ? { colour: 'red' } : plain;
}
