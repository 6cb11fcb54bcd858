import { connectors } from '../../../connectors/index.ts';
import type { ConnectorDeclaration } from '../../../src/kit/declaration.ts';

/** The shipped connectors, but one of them has no twin, as one of a plugin may. */
export function twinless(type: string): readonly ConnectorDeclaration[] {
  return connectors.map((declaration) => {
    const { twin: _twin, ...rest } = declaration;
    return declaration.type === type ? rest : declaration;
  });
}
