import { foreignText } from './kit/text.ts';

/** The longest text of an error, characters. */
const maxMessage = 2000;

/** The kind of a fault; it alone decides about a retry. */
export type Fault =
  /** May pass by itself (refused, timed out, busy): retried without limit. */
  | 'transient'
  /** The other side is throttling: retried after the wait that it names. */
  | 'throttled'
  /** This message will never be accepted: it goes to the dead letter at once. */
  | 'permanent'
  /** A person must fix it (password, permissions, certificate, port in use): the topology ends. */
  | 'fatal';

/**
 * Every error code, with its usual fault. `docs/errors.md` explains each; a test compares the two
 * lists.
 */
export const errorCodes = {
  FDP_SPEC_INVALID: 'fatal',
  FDP_USAGE: 'fatal',
  FDP_NOT_SUPPORTED: 'fatal',
  FDP_CONNECT_FAILED: 'transient',
  FDP_CONNECTION_LOST: 'transient',
  FDP_REFUSED: 'fatal',
  FDP_PORT_IN_USE: 'fatal',
  FDP_BUSY: 'transient',
  FDP_DISK_FULL: 'transient',
  FDP_STORE_CORRUPT: 'fatal',
  FDP_STORE_GONE: 'fatal',
  FDP_STORE_NEWER: 'fatal',
  FDP_STORE_DIFFERS: 'fatal',
  FDP_LEASE_LOST: 'transient',
  FDP_POSITION_BEYOND_END: 'fatal',
  FDP_TIMEOUT: 'transient',
  FDP_UNAVAILABLE: 'transient',
  FDP_CLOSED: 'transient',
  FDP_MESSAGE_UNREADABLE: 'permanent',
  FDP_MESSAGE_INVALID: 'permanent',
  FDP_MESSAGE_REFUSED: 'permanent',
  FDP_PARAMETER_INVALID: 'permanent',
  FDP_RESULT_TOO_LARGE: 'permanent',
  FDP_NOT_FOUND: 'permanent',
  FDP_METHOD_NOT_ALLOWED: 'permanent',
  FDP_UNAUTHENTICATED: 'permanent',
  FDP_FORBIDDEN: 'permanent',
  FDP_RATE_LIMITED: 'throttled',
  FDP_INTERNAL: 'fatal',
} as const satisfies Record<string, Fault>;

export type ErrorCode = keyof typeof errorCodes;

export interface FdpErrorOptions {
  /** Overrides the code's usual fault. */
  readonly fault?: Fault;
  /** For `throttled`: how long to wait before the next try, in ms. */
  readonly waitMs?: number;
  /** Of a rejection: the expression that was not true. */
  readonly rule?: string | undefined;
  readonly cause?: unknown;
}

/** The same in every copy of the package. */
const brand = Symbol.for('fdp.error');

/**
 * The error of every part of fdp. Its message is one line:
 * `NAME: what failed, what was expected, what to do`. One that another copy of the package made, as
 * a plugin may have, is an instance too.
 */
export class FdpError extends Error {
  override readonly name = 'FdpError';
  readonly code: ErrorCode;
  readonly fault: Fault;
  readonly waitMs: number | undefined;
  readonly rule: string | undefined;

  constructor(code: ErrorCode, message: string, options: FdpErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.fault = options.fault ?? errorCodes[code];
    this.waitMs = options.waitMs;
    this.rule = options.rule;
  }

  get [brand](): true {
    return true;
  }

  /** The same error with another fault. */
  withFault(fault: Fault, message = this.message): FdpError {
    const { waitMs, cause } = this;
    return new FdpError(this.code, message, { fault, cause, ...(waitMs === undefined ? {} : { waitMs }) });
  }
}

/**
 * For `instanceof`, of whatever copy an error is; a class made from this one has its own instances
 * only.
 */
function isInstance(this: unknown, value: unknown): boolean {
  if (this !== FdpError) return Function.prototype[Symbol.hasInstance].call(this, value);
  return typeof value === 'object' && value !== null && brand in value;
}
Object.defineProperty(FdpError, Symbol.hasInstance, { value: isInstance });

/** The fault of anything thrown; `undefined` if it is unclassified. */
export function faultOf(error: unknown): Fault | undefined {
  return error instanceof FdpError ? error.fault : undefined;
}

/** True for errors that may pass by themselves: transient and throttled. */
export function isRetriable(error: unknown): boolean {
  const fault = faultOf(error);
  return fault === 'transient' || fault === 'throttled';
}

/**
 * One line of text for anything thrown, without a stack trace; whatever it is, this does not throw.
 */
export function errorText(error: unknown): string {
  return foreignText(error, maxMessage);
}
