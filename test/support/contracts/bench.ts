export { type ConnectorBench, connectorBench as benchOf } from '../../../src/testing/connector-bench.ts';
