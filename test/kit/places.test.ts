import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Places } from '../../src/kit/places.ts';

it('places are as many as were given, in all and for each address, whoever comes and goes', () => {
  const steps = fc.array(fc.record({ address: fc.constantFrom('a', 'b', '::ffff:c'), leaves: fc.option(fc.nat()) }));
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), (asked, most, mostOfOne) => {
      const places = new Places(most, mostOfOne);
      const held: { address: string; free: () => void }[] = [];
      for (const { address, leaves } of asked) {
        const left = leaves === null ? undefined : held.splice(leaves % Math.max(1, held.length), 1)[0];
        left?.free();
        left?.free();
        const own = held.filter((each) => each.address === address).length;
        const expected = held.length >= most ? 'all' : own >= mostOfOne ? 'address' : 'taken';
        const place = places.take(address);
        expect(typeof place === 'string' ? place : 'taken').toBe(expected);
        if (typeof place !== 'string') held.push({ address, free: place });
      }
    }),
  );
});
