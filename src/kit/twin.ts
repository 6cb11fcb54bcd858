/**
 * What stands for a connector in a test of a pipeline, in memory and on the virtual clock: a log, a table, or a source that gives
 * the messages (or requests) of the test, with a sink that keeps what it gets.
 */
export type TwinKind = 'log' | 'table' | 'messages' | 'requests';
