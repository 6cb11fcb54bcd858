import type { OperatorState } from '../../src/kit/guarantee.ts';

/** Of operators that query a table for each message: outside of routes, a message that is read again may find something else. */
export const lookedUp: OperatorState = {
  why: 'what it finds depends on what the table holds at that moment',
  cure: 'join when the rows are read, in a route',
};
