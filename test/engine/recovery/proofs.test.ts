import { describe, expect, it } from 'vitest';
import { Proofs } from '../../../src/engine/recovery/proofs.ts';

const proof = (key: string, offset = 0) => ({ key, offset, index: 0 });

describe('the note of what was stored', () => {
  it('gives back the last writes of each branch', () => {
    const proofs = new Proofs('log/t/0', undefined, 10);
    for (let offset = 0; offset < 5; offset++) proofs.add('trades', proof(`k${offset}`, offset), 2);
    proofs.add('symbols', { key: 'A', offset: 4, index: 3 }, 1);
    const read = new Proofs('log/t/0', proofs.note, 10);
    expect(read.of('trades')).toEqual([proof('k3', 3), proof('k4', 4)]);
    expect(read.of('symbols')).toEqual([{ key: 'A', offset: 4, index: 3 }]);
    expect(read.of('others')).toEqual([]);
    expect(read.note).toBe(proofs.note);
  });

  it('has no note while there is no proof, or after it was dropped', () => {
    const proofs = new Proofs('log/t/0', undefined, 10);
    expect(proofs.note).toBeUndefined();
    proofs.add('trades', proof('k'), 1);
    proofs.drop('trades');
    expect(proofs.note).toBeUndefined();
  });

  it('keeps how much may have been under way at most, whatever the settings are later', () => {
    const first = new Proofs('log/t/0', undefined, 500);
    first.add('trades', proof('k'), 1);
    const second = new Proofs('log/t/0', first.note, 20);
    expect(second.underWay).toBe(500);
    expect(new Proofs('log/t/0', second.note, 900).underWay).toBe(900);
  });

  it('does not take the note of another log for its own', () => {
    const other = new Proofs('other/t/0', undefined, 1);
    other.add('trades', proof('k'), 1);
    expect(new Proofs('log/t/0', other.note, 1).of('trades')).toEqual([]);
  });

  it.each(['', 'consumed by somebody', '{', '{}', 'null', '{"lane":"log/t/0"}'])('ignores a note like %s', (note) => {
    const proofs = new Proofs('log/t/0', note, 7);
    expect([proofs.note, proofs.underWay]).toEqual([undefined, 7]);
  });

  it('stays within what Kafka keeps beside a position: fewer proofs then, or none', () => {
    const proofs = new Proofs('log/t/0', undefined, 10);
    for (let offset = 0; offset < 4; offset++) proofs.add('trades', proof(`${offset}${'x'.repeat(1500)}`, offset), 4);
    expect(new Proofs('log/t/0', proofs.note, 1).of('trades').map(({ offset }) => offset)).toEqual([3]);
    proofs.add('trades', proof('€'.repeat(1500)), 4);
    expect(proofs.note).toBeUndefined();
  });
});
