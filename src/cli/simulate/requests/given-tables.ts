import type { Plan } from '../../../engine/plan.ts';
import { parseJson } from '../../../kit/json.ts';
import type { Row } from '../../../kit/row.ts';
import { lastRows } from '../../../simulate/contents.ts';
import { type PackedTape, TapeWriter, unpacked } from '../../../simulate/packed-tape.ts';
import type { Twin } from '../../../simulate/twins.ts';
import type { Link } from '../chain.ts';
import type { AskedTable } from '../oracle/found.ts';
import type { StageRequest } from '../stage-run.ts';
import { requestsOf } from './asked.ts';
import { knownRoute } from './known-route.ts';

/** Rows of a table that requests are about, at most: the last ones. A day has a million, and a request may ask for all of them. */
const mostRows = 2000;

/** The tables that requests of any topology are about, of those that a run has written. */
export function packedTables(
  twins: ReadonlyMap<string, Twin>,
  links: readonly Link[],
): ReadonlyMap<string, PackedTape> {
  const asked = new Set(links.flatMap(({ from }) => (from !== 'market' && 'tables' in from ? from.tables : [])));
  const tables = new Map<string, PackedTape>();
  for (const [name, twin] of twins) {
    if (!asked.has(name) || twin.kind !== 'table') continue;
    const writer = new TapeWriter();
    for (const row of lastRows(twin, mostRows)) writer.push(0, null, JSON.stringify(row));
    tables.set(name, writer.end());
  }
  return tables;
}

/** Requests of each route that is known here, about these tables. */
export function requestsOn(
  plan: Plan,
  packed: ReadonlyMap<string, PackedTape>,
  parts: { readonly seed: number; readonly lengthMs: number },
): Pick<StageRequest, 'tape' | 'given'> {
  const tables = new Map([...packed].map(([name, tape]) => [name, tableOf(plan, name, tape)] as const));
  const routes = plan.topologies[0]?.routes.map(knownRoute).filter((route) => typeof route !== 'string') ?? [];
  const { tape, asked } = requestsOf(routes, { ...parts, tables });
  return { tape, given: { tables, asked } };
}

function tableOf(plan: Plan, name: string, packed: PackedTape): AskedTable {
  const { fields } = (plan.connectors.get(name)?.options ?? {}) as Pick<AskedTable, 'fields'>;
  const rows: Row[] = [];
  for (const { content } of unpacked(packed)) rows.push(parseJson(content.text) as Row);
  return withIds({ fields, rows });
}

/** A table gives its rows the ids 1, 2, 3 ... in the order in which they are stored. */
export function withIds({ fields, rows }: AskedTable): AskedTable {
  return { fields, rows: rows.map((row, at) => ({ ...row, _id: String(at + 1) })) };
}
