import type { Plan } from '../../../engine/plan.ts';
import { type Chance, seededChance } from '../../../kit/chance.ts';
import type { TestFault } from '../../../pipeline/tests/model.ts';
import { tablesOf } from '../chain.ts';
import { faultCount } from '../fault-times.ts';
import { pick } from './values.ts';

/** Faults of the market's day. */
const perDay = 12;
/** A short run has so many. */
const fewest = 4;

/** What goes wrong for a topology that answers requests: tables fail or are slow, the process is killed, its clock is set. */
export function requestFaults(
  plan: Plan,
  { seed, lengthMs }: { readonly seed: number; readonly lengthMs: number },
): readonly TestFault[] {
  const chance = seededChance(seed + 13);
  const tables = tablesOf(plan);
  const count = faultCount({ perDay, fewest }, lengthMs);
  return Array.from({ length: count }, () => requestFault(tables, chance, lengthMs));
}

function requestFault(tables: readonly string[], chance: Chance, lengthMs: number): TestFault {
  const between = (from: number, to: number) => Math.floor(from + chance.next() * Math.max(0, to - from));
  const forMs = between(Math.min(2000, lengthMs / 20), Math.min(60_000, lengthMs / 5));
  const at = `${between(0, lengthMs - forMs)}ms`;
  const kind = chance.next();
  if (kind < 0.15 || tables.length === 0) return { kind: 'crash', crash: { at } };
  if (kind < 0.25) {
    const ms = between(1000, 3_600_000);
    return { kind: 'clock', clock: { jump: `${chance.next() < 0.5 ? '-' : ''}${ms}ms`, at } };
  }
  const head = { kind: 'lookup', lookup: pick(tables, chance), at, for: `${forMs}ms` } as const;
  if (kind < 0.65) return { ...head, fail: { every: between(1, 4) } };
  return { ...head, slow: `${between(100, 8000)}ms` };
}
