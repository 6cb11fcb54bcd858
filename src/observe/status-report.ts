import type { JSONSchema } from 'json-schema-to-ts';
import { buildGraph, type NodeOrigin } from '../engine/graph.ts';
import type { Plan } from '../engine/plan.ts';
import { parseJson } from '../kit/json.ts';
import type { NodeKind } from '../kit/node-stats.ts';
import type { Row } from '../kit/row.ts';
import type { StatusReport } from '../kit/snapshot.ts';

/** A process that has not reported for this long counts as ended, ms. */
export const goneAfterMs = 10_000;

/** Raised when the format changes: reports of other versions are skipped. */
const format = 1;

/** Hides secrets in a text at a path of options with a schema. */
export type OptionMask = (text: string, schema: JSONSchema, path: readonly (string | number)[]) => string;

/** What does not change while a plan runs. */
export function describeTopologies(plan: Plan, mask: OptionMask): StatusReport['topologies'] {
  const nobody = { reject: () => {}, stateChanged: () => {} };
  return Object.fromEntries(
    plan.topologies.map((topology) => {
      const { origins } = buildGraph(topology, (name) => name, nobody);
      const options = [...origins].map(([{ name, kind }, origin]) => [name, optionsOf(plan, kind, { origin, mask })]);
      return [topology.name, { description: topology.description, options: Object.fromEntries(options) }];
    }),
  );
}

interface Masking {
  readonly origin: NodeOrigin;
  readonly mask: OptionMask;
}

function optionsOf(plan: Plan, kind: NodeKind, { origin: { plan: made }, mask }: Masking): unknown {
  const hidden = (value: unknown, schema: JSONSchema) => masked(value, [], (text, path) => mask(text, schema, path));
  if ('declaration' in made) return hidden(made.options, made.declaration.options);
  const connector = plan.connectors.get(made.connector);
  if (!connector) return {};
  const role = kind === 'source' || kind === 'lookup' ? kind : 'sink';
  return {
    ...(hidden(connector.options, connector.declaration.options) as object),
    ...(hidden(made.usage, connector.declaration[role]?.options ?? {}) as object),
  };
}

type Path = readonly (string | number)[];

function masked(value: unknown, path: Path, mask: (text: string, path: Path) => string): unknown {
  if (typeof value === 'string') return mask(value, path);
  if (Array.isArray(value)) return value.map((item, at) => masked(item, [...path, at], mask));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, [...path, key], mask)]));
}

// ---- the status table -------------------------------------------------------------------------------------------

/** A report as a row of the status table. */
export function statusRow(report: StatusReport): Row {
  const { host, pid, startedAt, at } = report.process;
  return { process: `${host}-${pid}-${startedAt}`, at, snapshot: JSON.stringify({ format, ...report }) };
}

/** The reports of running processes, by host and start; unreadable ones are skipped. */
export function reportsOf(rows: readonly Row[], now: number): readonly StatusReport[] {
  return rows
    .filter(({ at }) => now - Number(at) <= goneAfterMs)
    .flatMap(({ snapshot }) => readReport(String(snapshot)) ?? [])
    .sort((a, b) => compare(a.process.host, b.process.host) || a.process.startedAt - b.process.startedAt);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function readReport(text: string): StatusReport | undefined {
  try {
    const report = parseJson(text) as (StatusReport & { readonly format?: unknown }) | null;
    return report?.format === format ? report : undefined;
  } catch {
    return undefined;
  }
}
