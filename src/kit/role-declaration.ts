import type { JSONSchema } from 'json-schema-to-ts';
import type { MessageDescription } from './channel.ts';
import type { SinkGuarantee, SinkInput, SourceGuarantee } from './guarantee.ts';
import type { Usage } from './role.ts';
import type { MergeShape } from './row.ts';

/** How topologies use a connector in one of its roles. */
export interface RoleDeclaration<S extends JSONSchema = JSONSchema> {
  /**
   * JSON Schema of the options given beside `connector` where a topology uses it; defaults are
   * defined only here.
   */
  readonly options: S;
  /** True when only one topology of a process may use the role (a server's port). */
  readonly exclusive?: boolean;
  /**
   * True when it only shows this process's messages to the clients of the moment and keeps nothing.
   */
  readonly shows?: boolean;
  /** Of a source: its messages, where they are always the same. */
  readonly messages?: readonly MessageDescription[];
  /**
   * A role of the same connector that this one needs: a topology of the same process must use it.
   */
  readonly beside?: 'source' | 'sink';
}

export interface SourceDeclaration<S extends JSONSchema = JSONSchema, O = unknown, U = Usage>
  extends RoleDeclaration<S> {
  readonly requests?: true;
  /** Whether it loses messages, with these options. Pure. Left out: nothing is promised. */
  guarantee?(options: O, usage: U): SourceGuarantee;
}

export interface SinkDeclaration<S extends JSONSchema = JSONSchema, O = unknown> extends RoleDeclaration<S> {
  /**
   * Why it can't take merge operations with these options, or not operations of that shape;
   * undefined when it can. Pure.
   */
  merges?(options: O, shape?: MergeShape): string | undefined;
  /**
   * Whether it loses or repeats messages, with these options. Pure. Left out: nothing is promised.
   */
  guarantee?(options: O, input: SinkInput): SinkGuarantee;
}
