export {
  type LogLine,
  operatorContext,
  recordingLog,
  roleContext,
  type TestNode,
  testEnvironment,
  testNode,
} from '../../../src/testing/environment.ts';
