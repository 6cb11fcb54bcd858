import type { JSONSchema } from 'json-schema-to-ts';
import type { Problems } from '../problem.ts';
import type { SourceRange } from '../read/source.ts';
import type { Tree } from '../read/tree.ts';
import type { Spec, TopologySpec } from '../spec.ts';

/** Reports a mistake of a condition, as operators do. */
export type ConditionCheck = (source: string, report: (text: string, hint?: string) => void) => void;

export interface TestsRequest {
  readonly spec: Spec;
  readonly problems: Problems;
  /** Checks `refuse`. */
  readonly checkCondition: ConditionCheck;
}

/** What the parts of one document are read with. */
export interface TestContext extends TestsRequest {
  readonly topology: TopologySpec;
  /** Checks a part against its schema; undefined if it is wrong. */
  checked(tree: Tree | undefined, schema: JSONSchema, subject: string, owner: SourceRange): unknown;
}
