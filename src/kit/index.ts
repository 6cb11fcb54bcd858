// The public API, for components of your own: `import { defineOperator } from 'fdp'`.
export { type ErrorCode, type Fault, FdpError, faultOf, isRetriable } from '../errors.ts';
export { Backoff } from './backoff.ts';
export type { Chance } from './chance.ts';
export { type Clock, endedWithin, linkedAbort, onAbort, unlessAborted, withGrace } from './clock.ts';
export type { Connector } from './connector.ts';
export {
  type ConnectorContext,
  type ConnectorDeclaration,
  defineConnector,
  defineOperator,
  type FieldType,
  logOptions,
  noUsage,
  type OperatorDeclaration,
  type Report,
  type RoleDeclaration,
  type Shape,
  type SpecScope,
  tableOptions,
} from './declaration.ts';
export type { Environment, Logger } from './environment.ts';
export { counter, type Figure, type Figures, figures, gauge, milliseconds } from './figures.ts';
export { defineFunction, type FunctionDeclaration, type ValueType } from './function.ts';
export { Gap } from './gap.ts';
export {
  appendsAgain,
  type GuaranteeLimit,
  type OperatorState,
  type SinkGuarantee,
  type SinkInput,
  type SourceGuarantee,
} from './guarantee.ts';
export { type Holder, holding, type Keeper } from './holding.ts';
export { linesOf, parseJson, toJson, valueOrProblem } from './json.ts';
export { limited } from './limited-log.ts';
export type { Lookup, Query } from './lookup.ts';
export { type Batch, derive, type LaneContext, type Message, type SourceMessage } from './message.ts';
export type { NodeStats } from './node-stats.ts';
export {
  filter,
  flatMap,
  lookup,
  type OperatorContext,
  perBatch,
  perMessage,
  type ScanOptions,
  scan,
} from './operator.ts';
export { type Coordinates, coordinatesOf, type Meta, type Proof } from './origin.ts';
export { type PolledMessage, type PollSourceOptions, pollSource } from './poll-source.ts';
export { Proven } from './proven.ts';
export { type Intake, type PushSourceOptions, pushSource } from './push-source.ts';
export { BoundedQueue, queueBounds, queueSchema } from './queue.ts';
export { reconnecting } from './reconnecting.ts';
export type { RequestContext, RouteDescription } from './request.ts';
export type { ConnectOptions, Role, RoleContext, Usage } from './role.ts';
export { type Fields, fieldsOf, type Row } from './row.ts';
export type { Mark, Receipt, Sink, SinkCounters, SinkRows } from './sink.ts';
export type { Committed, Lane, LaneLog, LanePosition, LogEnd, LogRecord, Reading, Source } from './source.ts';
export { kitVersion } from './stamp.ts';
export { compileTemplate, templateNames } from './template.ts';
export { foreignText } from './text.ts';
export { Outcome } from './track.ts';
export { durationMs, hostAndPort, ratePerSecond, sizeBytes } from './units.ts';
export { type WindowOptions, window } from './window.ts';
