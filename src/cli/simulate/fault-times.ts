import { durationMs } from '../../kit/units.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';

/** The market's day: 6.5 hours. */
const dayMs = 23_400_000;

/** How many faults a run of this length has. */
export function faultCount({ perDay, fewest }: { readonly perDay: number; readonly fewest: number }, lengthMs: number) {
  return Math.max(fewest, Math.round((perDay * lengthMs) / dayMs));
}

/** When a fault begins, ms. */
export function faultTimes(fault: TestFault): number {
  return durationMs(atOf(fault));
}

function atOf(fault: TestFault): string {
  if (fault.kind === 'sink' || fault.kind === 'lookup') return fault.at;
  if (fault.kind === 'source') return fault.source.at;
  if (fault.kind === 'restore') return fault.restore.at;
  return fault.kind === 'crash' ? fault.crash.at : fault.clock.at;
}

/** How long it lasts, ms. */
export function faultLength(fault: TestFault): number {
  if (fault.kind === 'source') return durationMs(fault.source.cut);
  if (fault.kind !== 'sink' && fault.kind !== 'lookup') return 0;
  return fault.for === undefined ? Number.POSITIVE_INFINITY : durationMs(fault.for);
}

/** The same fault at another time. */
export function movedFault(fault: TestFault, byMs: number): TestFault {
  const at = `${Math.max(0, faultTimes(fault) + byMs)}ms`;
  if (fault.kind === 'sink' || fault.kind === 'lookup') return { ...fault, at };
  if (fault.kind === 'source') return { ...fault, source: { ...fault.source, at } };
  if (fault.kind === 'restore') return { ...fault, restore: { ...fault.restore, at } };
  return fault.kind === 'crash'
    ? { ...fault, crash: { ...fault.crash, at } }
    : { ...fault, clock: { ...fault.clock, at } };
}

/** A fault as it is written in YAML. */
export function faultYaml(fault: TestFault): string {
  if (fault.kind === 'source') return `{ source: { cut: ${fault.source.cut}, at: ${fault.source.at} } }`;
  if (fault.kind === 'crash') return `{ crash: { at: ${fault.crash.at} } }`;
  if (fault.kind === 'restore') {
    const { sink, back, at } = fault.restore;
    return `{ restore: { sink: ${sink}, back: ${back}, at: ${at} } }`;
  }
  if (fault.kind === 'clock') return `{ clock: { jump: ${fault.clock.jump}, at: ${fault.clock.at} } }`;
  const refused = fault.kind === 'sink' ? fault.refuse : undefined;
  const lost = fault.kind === 'sink' ? fault.lose_ack : undefined;
  const { fail, slow, at, for: length } = fault;
  const parts = [
    fault.kind === 'sink' ? `sink: ${fault.branch ?? 'dead_letters'}` : `lookup: ${fault.lookup}`,
    ...(fail ? [`fail: { every: ${fail.every} }`] : []),
    ...(slow === undefined ? [] : [`slow: ${slow}`]),
    ...(refused === undefined ? [] : [`refuse: ${JSON.stringify(refused)}`]),
    ...(lost === undefined ? [] : [`lose_ack: ${lost}`]),
    `at: ${at}`,
    ...(length === undefined ? [] : [`for: ${length}`]),
  ];
  return `{ ${parts.join(', ')} }`;
}
