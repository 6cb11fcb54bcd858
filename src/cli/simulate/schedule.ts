import type { Plan } from '../../engine/plan.ts';
import { type Chance, seededChance } from '../../kit/chance.ts';
import { beginOf, sourceFile } from '../../pipeline/read/source.ts';
import type { TestFault } from '../../pipeline/tests/model.ts';
import { isAsked } from './chain.ts';
import { faultCount } from './fault-times.ts';
import { requestFaults } from './requests/request-faults.ts';

/** Faults of the market's day. */
const perDay = 40;
/** A short run has so many. */
const fewest = 8;

interface ScheduleOptions {
  readonly seed: number;
  readonly lengthMs: number;
  /** Of a topology each. */
  readonly plans: readonly Plan[];
}

const nowhere = beginOf(sourceFile('schedule', '', 0));

/**
 * A seeded schedule of what goes wrong, by topology. The same options give the same faults. Topologies that answer requests have
 * faults of their own, so that they take none from those that store.
 */
export function scheduleOf({ seed, lengthMs, plans }: ScheduleOptions): ReadonlyMap<string, readonly TestFault[]> {
  const asked = plans.filter(isAsked);
  const storing = plans.filter((plan) => !isAsked(plan));
  const faults = new Map(storingFaults({ seed, lengthMs, plans: storing }));
  for (const plan of asked) faults.set(plan.topologies[0]?.name ?? '', requestFaults(plan, { seed, lengthMs }));
  return faults;
}

function storingFaults({ seed, lengthMs, plans }: ScheduleOptions): ReadonlyMap<string, readonly TestFault[]> {
  const chance = seededChance(seed + 7);
  const faults = new Map<string, TestFault[]>();
  // What reads a log promises most: it gets most of the faults.
  const often = plans.flatMap((plan) => Array.from({ length: weightOf(plan) }, () => plan));
  const wanted = faultCount({ perDay, fewest }, lengthMs);
  for (let count = 0; count < wanted; ) {
    const plan = often[Math.floor(chance.next() * often.length)];
    const [topology] = plan?.topologies ?? [];
    if (!plan || !topology) return faults;
    const more = new Fault(chance, plan, lengthMs).next().slice(0, wanted - count);
    faults.set(topology.name, [...(faults.get(topology.name) ?? []), ...more]);
    count += more.length;
  }
  return faults;
}

function weightOf({ topologies: [topology], connectors }: Plan): number {
  const isLog = connectors.get(topology?.source.connector ?? '')?.declaration.twin === 'log';
  return isLog ? 2 * (topology?.branches.length ?? 0) : 1;
}

/** Faults that belong together: of a sink, of the source, of the process, of the clock. */
class Fault {
  readonly #chance: Chance;
  readonly #plan: Plan;
  readonly #atMs: number;
  /** How long it lasts. */
  readonly #forMs: number;

  constructor(chance: Chance, plan: Plan, lengthMs: number) {
    this.#chance = chance;
    this.#plan = plan;
    this.#forMs = this.#between(Math.min(2000, lengthMs / 20), Math.min(60_000, lengthMs / 5));
    this.#atMs = this.#between(0, lengthMs - this.#forMs);
  }

  next(): readonly TestFault[] {
    const kind = this.#chance.next();
    if (kind < 0.1) return [this.#crash(0)];
    if (kind < 0.2) return [{ kind: 'source', source: { cut: `${Math.ceil(this.#forMs / 3)}ms`, at: this.#at() } }];
    if (kind < 0.28) return [{ kind: 'clock', clock: { jump: this.#jump(), at: this.#at() } }];
    const restored = kind < 0.34 && this.#restore();
    if (restored) return [restored];
    const wrong = this.#sink();
    // The process is killed in the midst of it: between two writes, or between a write and its confirmation.
    return this.#chance.next() < 0.5 ? [wrong] : [wrong, this.#crash(this.#chance.next())];
  }

  #crash(part: number): TestFault {
    return { kind: 'crash', crash: { at: this.#at(part * this.#forMs) } };
  }

  /** Of a table whose rows tell what they were made of. */
  #restore(): TestFault | undefined {
    const { branches = [], source } = this.#plan.topologies[0] ?? {};
    const isLog = this.#plan.connectors.get(source?.connector ?? '')?.declaration.twin === 'log';
    const tables = branches.filter(({ name }) => isLog && this.#isTable(name));
    const table = tables[Math.floor(this.#chance.next() * tables.length)];
    if (!table) return undefined;
    const back = `${this.#between(1000, Math.max(2000, this.#atMs))}ms`;
    return { kind: 'restore', restore: { sink: table.name, back, at: this.#at() } };
  }

  #jump(): string {
    const ms = this.#between(1000, this.#chance.next() < 0.5 ? 10_000 : 7_200_000);
    return `${this.#chance.next() < 0.5 ? '-' : ''}${ms}ms`;
  }

  #sink(): TestFault {
    const { branches = [] } = this.#plan.topologies[0] ?? {};
    const { name, operators } = branches[Math.floor(this.#chance.next() * branches.length)] ?? {
      name: undefined,
      operators: [],
    };
    const head = { kind: 'sink', branch: name, at: this.#at(), for: `${this.#forMs}ms`, refuseRange: nowhere } as const;
    const kind = this.#chance.next();
    if (kind < 0.25) return { ...head, fail: { every: this.#between(2, 5) } };
    if (kind < 0.55) return { ...head, slow: `${this.#between(100, 3000)}ms` };
    if (kind < 0.65 && operators.length === 0 && this.#isTable(name)) return { ...head, refuse: 'volume > 900.0' };
    return { ...head, lose_ack: this.#between(2, 9) / 10 };
  }

  #isTable(branch: string | undefined): boolean {
    const found = this.#plan.topologies[0]?.branches.find(({ name }) => name === branch);
    return this.#plan.connectors.get(found?.connector ?? '')?.declaration.twin === 'table';
  }

  #at(afterMs = 0): string {
    return `${Math.floor(this.#atMs + afterMs)}ms`;
  }

  #between(from: number, to: number): number {
    return Math.floor(from + this.#chance.next() * Math.max(0, to - from));
  }
}
