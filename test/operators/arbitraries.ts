import fc from 'fast-check';

/** Values and the places where their batches end, in ascending order; empty batches included. */
export function batched<T>(
  value: fc.Arbitrary<T>,
): fc.Arbitrary<{ readonly values: T[]; readonly batchEnds: number[] }> {
  return fc
    .array(value, { maxLength: 40 })
    .chain((values) =>
      fc
        .array(fc.integer({ min: 0, max: values.length }), { maxLength: 8 })
        .map((batchEnds) => ({ values, batchEnds: batchEnds.sort((a, b) => a - b) })),
    );
}

export interface Trade {
  readonly symbol: string;
  readonly price: number;
  readonly volume: number;
  readonly time: number;
}

/** Trades of a few symbols: ordinary ones, spikes, dust, and some without volume. */
export const trade: fc.Arbitrary<Trade> = fc.record({
  symbol: fc.constantFrom('AAPL', 'MSFT', 'TSLA'),
  price: fc.oneof(fc.double({ min: 0.01, max: 1000, noNaN: true }), fc.constantFrom(1e9, 1e-6, 196.38)),
  volume: fc.oneof(
    fc.integer({ min: 0, max: 500 }),
    fc.constantFrom(0, 1e9, 1e-9),
    fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
  ),
  time: fc.integer({ min: 1, max: 2_000_000_000_000 }),
});
