import { compileExpression, type Expression } from '../../../operators/support/expression.ts';
import { errorText } from '../../errors.ts';
import type { Message } from '../../kit/message.ts';
import type { Fields } from '../../kit/row.ts';
import { durationMs } from '../../kit/units.ts';
import type { SourceRange } from '../../pipeline/read/source.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';
import type { SinkFault, TimedFault } from '../../simulate/faults.ts';
import type { LookupFault } from '../../simulate/lookup-faults.ts';

/** The faults of a run, as they are written in YAML. */
export function faultsOf(faults: readonly TestFault[]): {
  readonly sinkFaults: readonly SinkFault[];
  readonly lookupFaults: readonly LookupFault[];
  readonly timedFaults: readonly TimedFault[];
  /** The conditions of `refuse`, with what became of them. */
  readonly refusals: readonly Refusal[];
} {
  const refusals: Refusal[] = [];
  return {
    refusals,
    lookupFaults: faults.flatMap((fault) => (fault.kind === 'lookup' ? lookupFault(fault) : [])),
    sinkFaults: faults.flatMap((fault) => sinkFault(fault, refusals) ?? []),
    timedFaults: faults.flatMap((fault) => timedFault(fault) ?? []),
  };
}

function sinkFault(fault: TestFault, refusals: Refusal[]): SinkFault | undefined {
  if (fault.kind !== 'sink') return undefined;
  const { branch, fail, slow, refuse, refuseRange, lose_ack } = fault;
  const refusal = refuse === undefined ? undefined : new Refusal(refuse, branch, refuseRange);
  if (refusal) refusals.push(refusal);
  return {
    branch,
    time: timeOf(fault),
    ...(fail && { failEvery: fail.every }),
    ...(slow !== undefined && { slowMs: durationMs(slow) }),
    ...(refusal && { refuses: (message) => refusal.refuses(message) }),
    ...(lose_ack !== undefined && { loseAck: lose_ack }),
  };
}

function lookupFault(fault: Extract<TestFault, { kind: 'lookup' }>): LookupFault {
  const { lookup, fail, slow } = fault;
  return {
    connector: lookup,
    time: timeOf(fault),
    ...(fail && { failEvery: fail.every }),
    ...(slow !== undefined && { slowMs: durationMs(slow) }),
  };
}

function timeOf({ at, for: length }: { readonly at: string; readonly for?: string }) {
  const fromMs = durationMs(at);
  return { fromMs, toMs: length === undefined ? Number.POSITIVE_INFINITY : fromMs + durationMs(length) };
}

/** The condition of a `refuse`. A message that lacks its fields is not refused. */
export class Refusal {
  readonly range: SourceRange;
  readonly #branch: string;
  readonly #expression: Expression;
  #isDecided = false;
  #reason: string | undefined;

  constructor(condition: string, branch: string | undefined, range: SourceRange) {
    this.range = range;
    this.#branch = branch ?? 'dead_letters';
    this.#expression = compileExpression(condition);
  }

  refuses({ value }: Message): boolean {
    try {
      const fields = typeof value === 'object' && value !== null ? (value as Fields) : {};
      const isRefused = this.#expression.evaluate(fields) === true;
      this.#isDecided = true;
      return isRefused;
    } catch (error) {
      this.#reason ??= errorText(error);
      return false;
    }
  }

  /** Why it could decide about none of the messages that reached the sink; undefined if it could, or none did. */
  get problem(): string | undefined {
    if (this.#isDecided || this.#reason === undefined) return undefined;
    return `refuse: decides about no message that reaches ${this.#branch}: ${this.#reason}`;
  }
}

function timedFault(fault: TestFault): TimedFault | undefined {
  switch (fault.kind) {
    case 'source':
      return { kind: 'cut', atMs: durationMs(fault.source.at), forMs: durationMs(fault.source.cut) };
    case 'crash':
      return { kind: 'crash', atMs: durationMs(fault.crash.at) };
    case 'restore': {
      const { sink, back, at } = fault.restore;
      return { kind: 'restore', branch: sink, backMs: durationMs(back), atMs: durationMs(at) };
    }
    case 'clock': {
      const { at, jump } = fault.clock;
      const byMs = durationMs(jump.replace('-', '')) * (jump.startsWith('-') ? -1 : 1);
      return { kind: 'jump', atMs: durationMs(at), byMs };
    }
    default:
      return undefined;
  }
}
