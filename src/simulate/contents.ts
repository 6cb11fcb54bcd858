import { withLists } from '../../connectors/shared/table/values.ts';
import { parseJson } from '../kit/json.ts';
import type { Twin } from './twins.ts';

/** What is in a twin, in order: rows of a table, records of a log, lines that a sink was given. */
export function contentOf(twin: Twin): readonly unknown[] {
  if (twin.kind === 'table') {
    const { name, definition } = twin.table;
    const rows = [...(twin.space.tables.get(name)?.rows.values() ?? [])].sort((one, other) => one.id - other.id);
    const fields = Object.keys(definition.fields ?? {});
    return rows.map(({ values }) => {
      const complete =
        fields.length === 0 ? values : Object.fromEntries(fields.map((field) => [field, values[field] ?? null]));
      return withLists(definition, complete);
    });
  }
  if (twin.kind !== 'log') return twin.kept;
  const partitions = twin.space.topics.get(twin.topic)?.partitions ?? [];
  const records = partitions.flatMap(({ records: all }, partition) => all.map((record) => ({ ...record, partition })));
  const inOrder = records.sort((one, other) => one.appended - other.appended || one.partition - other.partition);
  return inOrder.map(({ value }) => readable(value));
}

/** A record as JSON, or its text. */
function readable(value: string | Uint8Array): unknown {
  try {
    return parseJson(value);
  } catch {
    return Buffer.from(value).toString();
  }
}
