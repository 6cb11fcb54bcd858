import assert from 'node:assert/strict';
import { callFunction, type FunctionDeclaration } from '../kit/function.ts';
import { type Check, deepFrozen } from './check.ts';

/** The promises of every function for expressions, tried with its examples. */
export function functionContract(declaration: FunctionDeclaration): readonly Check[] {
  return checks.map(([title, check]) => ({ title, run: async () => check(declaration) }));
}

const checks: readonly (readonly [string, (declaration: FunctionDeclaration) => void])[] = [
  ['gives what its examples say', givesExamples],
  ['gives the same for the same arguments, whatever was called before', dependsOnArguments],
  ['changes none of its arguments', changesNothing],
];

function givesExamples(declaration: FunctionDeclaration): void {
  assert.ok(declaration.examples.length > 0, 'it has no example');
  for (const [at, { gives }] of declaration.examples.entries())
    assert.deepEqual(call(declaration, at), gives, `example ${at + 1}`);
}

function dependsOnArguments(declaration: FunctionDeclaration): void {
  const forwards = declaration.examples.map((_example, at) => call(declaration, at));
  const backwards = declaration.examples.map((_example, at) => call(declaration, declaration.examples.length - 1 - at));
  assert.deepEqual(backwards.reverse(), forwards, 'results of a second time, in another order');
}

function changesNothing(declaration: FunctionDeclaration): void {
  for (const { of } of declaration.examples)
    callFunction(declaration, valuesOf(declaration, deepFrozen(structuredClone(of))));
}

function call(declaration: FunctionDeclaration, at: number): unknown {
  return callFunction(declaration, valuesOf(declaration, structuredClone(declaration.examples[at]?.of ?? {})));
}

function valuesOf({ parameters }: FunctionDeclaration, of: Readonly<Record<string, unknown>>): readonly unknown[] {
  return Object.keys(parameters).map((name) => of[name]);
}
