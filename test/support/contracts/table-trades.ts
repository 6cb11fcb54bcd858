import { rowMessage } from './table-harness.ts';

/** A row of `tradeTable`. */
export const trade = (key: string, more: object = {}) => ({
  message_key: key,
  symbol: 'A',
  price: 1.5,
  time: 1000,
  ...more,
});
/** Messages with the keys k0, k1 and so on, whose number is their offset. */
export const trades = (from: number, to: number, more: object = {}) =>
  Array.from({ length: to - from }, (_, index) =>
    rowMessage(trade(`k${from + index}`, more), { offset: from + index }),
  );
/** The refused messages of a write, with their codes. */
export const codes = (failed: ReadonlyMap<number, Error> | undefined) =>
  [...(failed ?? [])].map(([index, error]) => [index, (error as { code?: string }).code]);
