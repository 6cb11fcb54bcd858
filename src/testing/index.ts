// `fdp/testing`: tests for components, for any test runner.
export { VirtualClock } from '../simulate/virtual-clock.ts';
export type { Bench, Check } from './check.ts';
export { type ConnectorBench, connectorBench, testMessage } from './connector-bench.ts';
export {
  type LogLine,
  operatorContext,
  recordingLog,
  roleContext,
  type TestNode,
  testEnvironment,
  testNode,
} from './environment.ts';
export { functionContract } from './function-contract.ts';
export { operatorContract, operatorOutput } from './operator-contract.ts';
export { optionsOf, usageOf } from './options.ts';
export { type SinkBench, sinkContract } from './sink-contract.ts';
export { type SourceBench, sourceContract } from './source-contract.ts';
export type { OperatorWorld } from './test-lane.ts';
