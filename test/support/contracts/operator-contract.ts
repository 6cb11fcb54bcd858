import { describe, it } from 'vitest';
import { operators } from '../../../operators/index.ts';
import { operatorContract as checks } from '../../../src/testing/operator-contract.ts';
import type { OperatorWorld } from '../../../src/testing/test-lane.ts';
import { optionsOf } from '../../operators/declared.ts';

/** The contract of operators, applied to a shipped one; its name and options are written as in a pipeline file. */
export function operatorContract(
  type: string,
  { yaml, ...world }: Omit<OperatorWorld, 'declaration' | 'options'> & { readonly yaml: string },
): void {
  const declaration = operators.find((operator) => operator.type === type);
  if (!declaration) throw new Error(`no operator is called ${type}`);
  const options = optionsOf(declaration, yaml);
  describe(`${type} as an operator`, () => {
    for (const { title, run } of checks({ declaration, options, ...world })) it(title, run);
  });
}
