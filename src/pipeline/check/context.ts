import type { ConnectorDeclaration, OperatorDeclaration } from '../../kit/declaration.ts';
import type { Problems } from '../problem.ts';

/** Shared by all parts of the reader. */
export interface Context {
  readonly problems: Problems;
  readonly connectors: ReadonlyMap<string, ConnectorDeclaration>;
  readonly operators: ReadonlyMap<string, OperatorDeclaration>;
  /** The folder of the pipeline: paths are relative to it. */
  readonly folder: string;
  /** False if a file could not be read: an unknown connector is not reported then, since it may be defined there. */
  readonly complete: boolean;
  /** False if a plugin could not be loaded: what has an unknown name may be declared there. */
  readonly allLoaded: boolean;
}
