/**
 * What stands for a connector in a test of a pipeline, in memory and on the virtual clock: a log, a table, or a source that gives
 * the messages (or requests) of the test, with a sink that keeps what it gets. A topology that uses a connector without one can't be
 * tested.
 */
export type TwinKind = 'log' | 'table' | 'messages' | 'requests';
