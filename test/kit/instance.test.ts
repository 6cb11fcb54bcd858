import { hostname } from 'node:os';
import { describe, expect, it } from 'vitest';
import { instanceName, nameFrom } from '../../src/kit/instance.ts';

describe('the name of the instance', () => {
  it('is the one given, else that of the host', () => {
    expect(nameFrom('processor-2.eu_west')).toBe('processor-2.eu_west');
    expect(nameFrom('')).toBe(nameFrom(undefined));
    expect(hostname()).toContain(nameFrom(undefined).split('-')[0]);
  });

  it('is refused when a broker would not take it', () => {
    for (const wrong of ['a b', 'ä', 'x'.repeat(101), 'a/b'])
      expect(() => nameFrom(wrong)).toThrow(/^FDP_INSTANCE: expected 1 to 100 letters/);
  });

  it('is read once', () => {
    const first = instanceName({ FDP_INSTANCE: 'one' });
    expect(instanceName({ FDP_INSTANCE: 'two' })).toBe(first);
  });
});
