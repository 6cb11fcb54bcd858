import { lookupsOfPlan } from '../../engine/graph.ts';
import type { ConnectorPlan, Plan } from '../../engine/plan.ts';
import { type PackedTape, unpacked } from '../../simulate/packed-tape.ts';
import type { TapeEntry } from '../../simulate/tape.ts';

/** How a topology gets what it reads, in the order in which topologies are run. */
export interface Link {
  readonly plan: Plan;
  readonly topology: string;
  /**
   * The market, the connector that an earlier topology writes to, or requests about tables that earlier ones write to; else why it
   * can't be run.
   */
  readonly from:
    | 'market'
    | { readonly connector: string }
    | { readonly tables: readonly string[] }
    | { readonly nothing: string };
}

/** Topologies in the order in which they feed each other; at the end those that answer requests. */
export function chainOf(plans: readonly Plan[]): readonly Link[] {
  const links: Link[] = [];
  const written = new Map<string, ConnectorPlan>();
  let left = plans.filter((plan) => !isAsked(plan));
  while (left.length > 0) {
    const ready = left.filter((plan) => sourceOf(plan).isMarket || feederOf(plan, written));
    if (ready.length === 0) break;
    for (const plan of ready) {
      const { isMarket, topology } = sourceOf(plan);
      const from = isMarket ? ('market' as const) : { connector: feederOf(plan, written) as string };
      links.push({ plan, topology, from });
      for (const { connector } of plan.topologies[0]?.branches ?? []) {
        const sink = plan.connectors.get(connector);
        if (sink) written.set(connector, sink);
      }
    }
    left = left.filter((plan) => !ready.includes(plan));
  }
  return [...links, ...left.map(withoutInput), ...plans.filter(isAsked).map((plan) => askedLink(plan, written))];
}

/** Whether its source takes requests. */
export function isAsked({ topologies: [topology], connectors }: Plan): boolean {
  return connectors.get(topology?.source.connector ?? '')?.declaration.twin === 'requests';
}

/** The tables that its topology asks. */
export function tablesOf({ topologies: [topology] }: Plan): readonly string[] {
  return topology ? lookupsOfPlan(topology) : [];
}

function askedLink(plan: Plan, written: ReadonlyMap<string, ConnectorPlan>): Link {
  const [topology] = plan.topologies;
  const tables = tablesOf(plan);
  const isFilled = tables.length === 0 || tables.some((table) => written.has(table));
  const from = isFilled ? { tables } : { nothing: 'no topology of the run writes what it is asked about' };
  return { plan, topology: topology?.name ?? '', from };
}

function sourceOf({ topologies: [topology], connectors }: Plan) {
  const source = connectors.get(topology?.source.connector ?? '');
  const isMarket = source?.declaration.source?.messages?.some(({ name }) => name === 'trades') ?? false;
  return { topology: topology?.name ?? '', source, isMarket };
}

/** The connector of an earlier topology whose output a topology reads: the same, or one of its type that it connects to. */
function feederOf(plan: Plan, written: ReadonlyMap<string, ConnectorPlan>): string | undefined {
  const { source } = sourceOf(plan);
  if (!source) return undefined;
  if (written.has(source.name)) return source.name;
  if (source.declaration.twin !== 'messages') return undefined;
  return [...written.values()].find(({ declaration }) => declaration.type === source.declaration.type)?.name;
}

function withoutInput(plan: Plan): Link {
  const { topology, source } = sourceOf(plan);
  return { plan, topology, from: { nothing: `no topology of the run writes what ${source?.name} gives` } };
}

/** A packed tape as a source reads it, entry by entry, each time anew: what a feed was given has no key. */
export function asInput(tape: PackedTape, isLog: boolean): Iterable<TapeEntry> {
  return {
    *[Symbol.iterator]() {
      for (const { atMs, key, content } of unpacked(tape)) yield { atMs, key: isLog ? key : null, content };
    },
  };
}
