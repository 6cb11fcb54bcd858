import { compileExpression } from '../../../operators/support/expression.ts';
import type { Message } from '../../kit/message.ts';
import { durationMs } from '../../kit/units.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';
import type { SinkFault, TimedFault } from '../../simulate/faults.ts';
import type { LookupFault } from '../../simulate/lookup-faults.ts';

/** The faults of a run, as they are written in YAML. */
export function faultsOf(faults: readonly TestFault[]): {
  readonly sinkFaults: readonly SinkFault[];
  readonly lookupFaults: readonly LookupFault[];
  readonly timedFaults: readonly TimedFault[];
} {
  return {
    lookupFaults: faults.flatMap((fault) => (fault.kind === 'lookup' ? lookupFault(fault) : [])),
    sinkFaults: faults.flatMap((fault) => sinkFault(fault) ?? []),
    timedFaults: faults.flatMap((fault) => timedFault(fault) ?? []),
  };
}

function sinkFault(fault: TestFault): SinkFault | undefined {
  if (fault.kind !== 'sink') return undefined;
  const { branch, fail, slow, refuse, lose_ack } = fault;
  return {
    branch,
    time: timeOf(fault),
    ...(fail && { failEvery: fail.every }),
    ...(slow !== undefined && { slowMs: durationMs(slow) }),
    ...(refuse !== undefined && { refuses: refuser(refuse) }),
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

/** A message without the fields of the condition is not refused. */
function refuser(condition: string): (message: Message) => boolean {
  const expression = compileExpression(condition);
  return ({ value }) => {
    if (typeof value !== 'object' || value === null) return false;
    try {
      return expression.evaluate(value as Readonly<Record<string, unknown>>) === true;
    } catch {
      return false;
    }
  };
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
