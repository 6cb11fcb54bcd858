import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { OperatorFunction } from 'rxjs';
import type { ChannelAddress } from './channel.ts';
import type { Connector } from './connector.ts';
import type { Environment } from './environment.ts';
import type { Figures } from './figures.ts';
import type { FunctionDeclaration } from './function.ts';
import type { OperatorState } from './guarantee.ts';
import type { Batch } from './message.ts';
import type { OperatorContext } from './operator.ts';
import type { RouteDescription, RouteParameter } from './request.ts';
import type { Usage } from './role.ts';
import type { RoleDeclaration, SinkDeclaration, SourceDeclaration } from './role-declaration.ts';
import type { MergeShape } from './row.ts';
import { stamped } from './stamp.ts';
import type { TwinKind } from './twin.ts';

export { logOptions, tableOptions } from './family-options.ts';
export type { RoleDeclaration } from './role-declaration.ts';

// How operators and connectors describe themselves: pipelines are checked against it, the reference
// is made from it.

/** The types of named fields. `any`: the field exists, its type is not declared. */
export type FieldType = 'string' | 'number' | 'boolean' | 'date' | 'decimal' | 'int64' | 'any';

/**
 * The fields that a message has at some point of the pipeline; undefined where they can't be known.
 */
export type Shape = Readonly<Record<string, FieldType>> | undefined;

/**
 * Reports a mistake in options that match their schema. `path` leads from the component's options
 * to the value, which is shown with its position. The message is one line, `NAME: text`; the hint
 * says what to write instead, on a line below.
 */
export type Report = (path: readonly (string | number)[], text: string, hint?: string) => void;

/**
 * What an operator's check can find out about the rest of the pipeline; `source`: the options of
 * the topology's source.
 */
export interface SpecScope {
  /** Whether the chain is a route of a request topology (templates then mean parameters). */
  readonly route: string | undefined;
  /** In a route: the parameters that are declared before the operator. */
  readonly parameters?: readonly RouteParameter[] | undefined;
  /**
   * The declared fields of a table connector; undefined when there is no such connector or it
   * declares none.
   */
  tableFields(connector: string): Shape;
  /**
   * The fields of each index of a table connector, `unique` among them; undefined where
   * `tableFields` is.
   */
  tableIndexes(connector: string): readonly (readonly string[])[] | undefined;
  /** What expressions can call beside the functions of CEL and of fdp. */
  readonly functions?: readonly FunctionDeclaration[];
  readonly source?: Usage | undefined;
  /**
   * Reports what is no mistake but probably not meant: `validate` prints it, and a start logs it.
   */
  readonly warn?: Report;
}

interface Declaration {
  /** The name in the YAML. */
  readonly type: string;
  /** One line. */
  readonly summary: string;
  /**
   * JSON Schema (draft 7) of the options: each with description, default and unit.
   *
   * Formats of text: `duration`, `size`, `rate`, `address` (`units.ts` reads them; `0s` is a
   * duration, too), `date-time`, `path` (comes as an absolute one), `name-or-path`, `expression`.
   * Keywords beside those of JSON Schema: `secret: true` for a value that is never shown,
   * `missingHint` for what to do when its variable is not set, and `expected`, which the error of a
   * `pattern` says: `a URL that begins with https://`.
   */
  readonly options: JSONSchema;
  /** YAML that validates. */
  readonly example: string;
  /** What its nodes count beyond messages; a test fails when it counts anything undeclared. */
  readonly figures?: Figures;
  /** The plugin that it comes from; left out for what is shipped. Set where plugins are loaded. */
  readonly plugin?: string;
}

export interface OperatorDeclaration extends Declaration {
  /**
   * The shape after the operator; reports mistakes that a schema can't express. Reads nothing but
   * data files.
   */
  shape?(options: unknown, input: Shape, report: Report, scope: SpecScope): Shape;
  /** `merges` when it makes merge operations: its branch's sink must take them. */
  readonly output?: 'merges';
  /** With `output: merges`: what its operations do to a row, for the sink's check. Pure. */
  merges?(options: unknown): MergeShape;
  /** Paths in the options that name a connector, and the role it must have. */
  readonly connectors?: Readonly<Record<string, 'lookup'>>;
  /** True if it belongs to a route; others may stand anywhere. */
  readonly routesOnly?: true;
  /**
   * True if what it makes of a message depends on that message and the options alone: not on
   * earlier messages, the time or a store. What such operators have counted can be counted again
   * from the log.
   */
  readonly stateless?: true;
  /**
   * Unless `stateless`: state that a restart loses; undefined if a message that is read again
   * becomes the same. Pure.
   */
  state?(options: unknown): OperatorState | undefined;
  /**
   * Whether it passes rows on portion by portion, or, of the last operator of a route, whether it
   * takes them so. Pure.
   */
  streams?(options: unknown): boolean;
  /**
   * In a route: adds what the operator knows about parameters and reply. `input` is the shape of
   * its input. Pure.
   */
  describe?(options: unknown, route: RouteDescription, input: Shape): RouteDescription;
  create(options: unknown, context: OperatorContext): OperatorFunction<Batch, Batch>;
}

export interface ConnectorDeclaration extends Declaration {
  /** A log or a table: an overlay that changes the type keeps the family's common options. */
  readonly family?: 'log' | 'table';
  readonly twin?: TwinKind;
  readonly source?: SourceDeclaration;
  readonly sink?: SinkDeclaration;
  readonly lookup?: RoleDeclaration;
  /**
   * What only one connector may hold: a port, a file. Two connectors with the same claim can't
   * start together.
   */
  claims?(options: unknown): readonly string[];
  /**
   * For a log: its name, once per address that leads to it. A group reads a log once, whoever its
   * members are.
   */
  logNames?(options: unknown): readonly string[];
  /** Where other programs can read what its sink writes. */
  channel?(options: unknown): ChannelAddress | undefined;
  /** The roles that it has with these options; all declared ones if left out. */
  roles?(options: unknown): readonly ('source' | 'sink' | 'lookup')[];
  /** Where a person can see it once it runs in this role: a URL or a command. */
  address?(options: unknown, role: 'source' | 'sink'): string | undefined;
  /** For a connector that takes over the terminal: the file that the log goes to meanwhile. */
  logFile?(options: unknown): string;
  /** Reports mistakes that a schema can't express. Pure. */
  check?(options: unknown, report: Report): void;
  create(options: unknown, context: ConnectorContext): Promise<Connector>;
}

export interface ConnectorContext extends Environment {
  /** The connector's name in the spec. */
  readonly name: string;
}

/** The claim of a connector that writes to the terminal: nothing else is painted there then. */
export const standardOutput = 'the standard output';

/**
 * Deferred by the condition: expanded in one step, a schema with an array is too deep for the
 * compiler.
 */
type Typed<S> = S extends JSONSchema ? FromSchema<S> : never;

/** Declares an operator: the options' type comes from the schema. */
export function defineOperator<const S extends JSONSchema>(
  declaration: Omit<
    OperatorDeclaration,
    'options' | 'shape' | 'merges' | 'state' | 'streams' | 'describe' | 'create'
  > & {
    readonly options: S;
    merges?(options: Typed<S>): MergeShape;
    state?(options: Typed<S>): OperatorState | undefined;
    streams?(options: Typed<S>): boolean;
    shape?(options: Typed<S>, input: Shape, report: Report, scope: SpecScope): Shape;
    describe?(options: Typed<S>, route: RouteDescription, input: Shape): RouteDescription;
    create(options: Typed<S>, context: OperatorContext): OperatorFunction<Batch, Batch>;
  },
): OperatorDeclaration {
  return stamped('operator', declaration as unknown as OperatorDeclaration);
}

/** For a role without options where a topology uses it. */
export const noUsage = { type: 'object', additionalProperties: false, properties: {} } as const satisfies JSONSchema;

/** A role's options when none are given: the defaults of its schema. */
export function defaultUsage(role: RoleDeclaration | undefined): Usage {
  const { properties = {} } = (role?.options ?? {}) as { readonly properties?: Readonly<Record<string, JSONSchema>> };
  const given = Object.entries(properties).map(([name, schema]) => [name, (schema as { default?: unknown }).default]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/**
 * Declares a connector: the types of its options, and of those of its roles, come from the schemas.
 */
export function defineConnector<
  const S extends JSONSchema,
  const Source extends JSONSchema = typeof noUsage,
  const Sink extends JSONSchema = typeof noUsage,
>(
  declaration: Omit<
    ConnectorDeclaration,
    | 'options'
    | 'claims'
    | 'logNames'
    | 'channel'
    | 'roles'
    | 'address'
    | 'logFile'
    | 'source'
    | 'sink'
    | 'check'
    | 'create'
  > & {
    readonly options: S;
    claims?(options: Typed<S>): readonly string[];
    logNames?(options: Typed<S>): readonly string[];
    channel?(options: Typed<S>): ChannelAddress | undefined;
    roles?(options: Typed<S>): readonly ('source' | 'sink' | 'lookup')[];
    address?(options: Typed<S>, role: 'source' | 'sink'): string | undefined;
    logFile?(options: Typed<S>): string;
    readonly source?: SourceDeclaration<Source, Typed<S>, Typed<Source>>;
    readonly sink?: SinkDeclaration<Sink, Typed<S>>;
    check?(options: Typed<S>, report: Report): void;
    create(options: Typed<S>, context: ConnectorContext): Promise<Connector<Typed<Source>, Typed<Sink>>>;
  },
): ConnectorDeclaration {
  return stamped('connector', declaration as unknown as ConnectorDeclaration);
}
