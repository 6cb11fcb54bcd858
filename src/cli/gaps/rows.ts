import type { ConnectorPlan } from '../../engine/plan.ts';
import type { Environment } from '../../kit/environment.ts';
import type { Row } from '../../kit/row.ts';
import { resolveConnectors } from '../../pipeline/give/resolve.ts';
import { readSpec } from '../../pipeline/read.ts';
import { type ConnectorSpec, chainOf, type Spec, type TopologySpec } from '../../pipeline/spec.ts';
import { withLookup } from '../export/export.ts';
import { outputGone } from '../shared/output.ts';
import { quietEnvironment } from '../shared/quiet.ts';
import { usageOf } from '../shared/usage.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from '../validate.ts';

export const usage = usageOf('gaps');

// The gaps of a pipeline for the commands: the rows that the operator `gaps` keeps, those of one id together.

/** Rows that are read, at most: the newest. */
const mostRows = 100_000;

/** A gap of one or more symbols; times are Unix ms. */
export interface FoundGap {
  readonly id: string;
  readonly feed: string;
  readonly symbols: readonly string[];
  /** Those of `symbols` for which it is not over. */
  readonly openSymbols: readonly string[];
  readonly from: number;
  /** Undefined while it is open for one of the symbols. */
  readonly to: number | undefined;
  readonly reason: string;
  readonly state: string;
  /** Trades that were fetched afterwards. */
  readonly filled: number;
}

export interface Gaps {
  readonly table: ConnectorPlan;
  /** What the topology that fills the table reads, and its name. */
  readonly source: ConnectorPlan;
  readonly topology: string;
  readonly environment: Environment;
  find(where: { readonly id?: string; readonly symbol?: string | undefined }): Promise<Found>;
}

export interface Found {
  /** The newest first. */
  readonly gaps: readonly FoundGap[];
  /** False when the table has more rows than are read. */
  readonly isAll: boolean;
}

/**
 * Finds the table of gaps for a command; reports the pipeline's mistakes if there are any.
 * @throws FDP_USAGE when no topology fills such a table, or several fill different ones
 */
export async function withGaps(
  request: SpecRequest,
  work: (gaps: Gaps) => Promise<CommandResult>,
): Promise<CommandResult> {
  const spec = readSpec(request);
  if (spec.problems.size > 0) return wrongPipeline(spec.problems.list, request);
  const { topology, ...filling } = fillingOf(spec, request.topologies);
  const { connectors, problems } = resolveConnectors(spec, [filling.table, filling.source]);
  const [table, source] = connectors;
  if (!table || !source) return wrongPipeline(problems, request);
  const environment = await quietEnvironment();
  return withLookup(table, environment, (lookup) =>
    work({
      ...{ table, source, topology: topology.name, environment },
      find: async ({ id, symbol }) => {
        const where = { ...(id === undefined ? {} : { id }), ...(symbol === undefined ? {} : { symbol }) };
        const sort = [{ field: 'from', descending: true }];
        const rows = await lookup.find({ where, sort, limit: mostRows }, outputGone);
        return { gaps: grouped(rows), isAll: rows.length < mostRows };
      },
    }),
  );
}

interface Filling {
  readonly topology: TopologySpec;
  readonly source: ConnectorSpec;
  readonly table: ConnectorSpec;
}

/** The branch that ends in the operator `gaps`; of the topologies named, if any are. */
function fillingOf({ topologies }: Spec, asked: readonly string[] | undefined): Filling {
  const all = [...topologies.values()].filter(({ name }) => !asked || asked.includes(name));
  const fillings = all.flatMap((topology) =>
    topology.branches.flatMap((branch): readonly Filling[] => {
      const [table, source] = [branch.sink.connector, topology.source?.connector];
      return chainOf(topology, branch).at(-1)?.type === 'gaps' && table && source ? [{ topology, source, table }] : [];
    }),
  );
  const [first, ...others] = fillings;
  if (!first) throw usage('no topology keeps gaps: none has a branch that ends in the operator `gaps`');
  if (others.length === 0) return first;
  const names = fillings.map(({ topology, table }) => `${table.name} by ${topology.name}`).join(', ');
  throw usage(`several branches keep gaps (${names}): name one with --topology`);
}

/** Rows of a gap that lasted only while the market was closed are empty, and left out. */
function grouped(rows: readonly Row[]): readonly FoundGap[] {
  const byId = new Map<string, Row[]>();
  for (const row of rows) {
    if (Number(row['from']) >= Number(row['to'])) continue;
    const id = String(row['id']);
    const known = byId.get(id);
    if (known) known.push(row);
    else byId.set(id, [row]);
  }
  return [...byId].map(([id, all]) => gapOfRows(id, all)).sort((one, other) => other.from - one.from);
}

function gapOfRows(id: string, rows: readonly Row[]): FoundGap {
  const [first] = rows;
  const open = rows.filter(({ state }) => state === 'open');
  const isOpen = open.length > 0;
  return {
    ...{ id, feed: String(first?.['feed']), symbols: symbolsOf(rows), openSymbols: symbolsOf(open) },
    from: rows.reduce((earliest, { from }) => Math.min(earliest, Number(from)), Number.POSITIVE_INFINITY),
    to: isOpen ? undefined : rows.reduce((latest, { to }) => Math.max(latest, Number(to)), 0),
    reason: String(first?.['reason']),
    state: isOpen ? 'open' : String(first?.['state']),
    filled: rows.reduce((sum, { filled }) => sum + Number(filled ?? 0), 0),
  };
}

function symbolsOf(rows: readonly Row[]): readonly string[] {
  return [...new Set(rows.map(({ symbol }) => String(symbol)))].sort();
}
