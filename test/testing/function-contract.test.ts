import { describe, expect, it } from 'vitest';
import { defineFunction } from '../../src/kit/function.ts';
import { functionContract } from '../../src/testing/index.ts';

const examples = [
  { of: { list: [1, 2] }, gives: 3 },
  { of: { list: [4] }, gives: 4 },
];
const summing = (call: (args: { readonly list: readonly unknown[] }) => number | null) =>
  defineFunction({
    name: 'total',
    summary: 'The sum.',
    parameters: { list: 'list' },
    result: 'number',
    examples,
    call,
  });
const sum = ({ list }: { readonly list: readonly unknown[] }) =>
  list.reduce<number>((all, one) => all + Number(one), 0);
let calls = 0;

describe('the contract of a function', () => {
  for (const { title, run } of functionContract(summing(sum))) it(`passes one that is pure: ${title}`, run);

  it.each([
    ['gives what its examples say', () => 5],
    ['gives what its examples say', () => 'three' as unknown as number],
    ['gives the same for the same arguments, whatever was called before', () => calls++],
    [
      'changes none of its arguments',
      ({ list }: { readonly list: readonly unknown[] }) => {
        (list as unknown[]).reverse();
        return sum({ list });
      },
    ],
  ])('%s: one that does not fails', async (promise, call) => {
    const check = functionContract(summing(call)).find(({ title }) => title === promise);
    await expect(check?.run()).rejects.toThrow();
  });
});
