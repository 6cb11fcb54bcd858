import type { ConnectorDeclaration } from '../src/engine/component.ts';
import { mock } from './mock.ts';
import { tcp } from './tcp.ts';

/** Every connector type that a pipeline can name. */
export const connectors: readonly ConnectorDeclaration[] = [mock, tcp];
