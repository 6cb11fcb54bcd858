import type { Hash } from 'node:crypto';
import { withLists } from '../../connectors/shared/table/values.ts';
import { parseJson, tryParseJson } from '../kit/json.ts';
import type { Row } from '../kit/row.ts';
import type { MemoryRow } from './memory/space.ts';
import { unpacked } from './packed-tape.ts';
import type { Twin } from './twins.ts';

type TableTwin = Extract<Twin, { kind: 'table' }>;

/** Texts that go into a digest at once: a piece of a long run, which would be more than one text can hold. */
const atOnce = 1000;

/** What is in connectors at the end of a run, read when it is asked for: a day has millions of rows. */
export class Contents {
  readonly #twins: ReadonlyMap<string, Twin>;

  constructor(twins: ReadonlyMap<string, Twin>) {
    this.#twins = twins;
  }

  /** Of a connector, in order: rows of a table, records of a log, lines that a sink was given. */
  get(connector: string): readonly unknown[] | undefined {
    const twin = this.#twins.get(connector);
    return twin && contentOf(twin);
  }

  /** Adds all of it, as it is kept. */
  addTo(digest: Hash): void {
    let texts: string[] = [];
    const add = (text: string) => {
      if (texts.push(text) < atOnce) return;
      digest.update(`\n${texts.join('\n')}`);
      texts = [];
    };
    for (const [name, twin] of this.#twins) {
      add(JSON.stringify(name));
      for (const text of keptTexts(twin)) add(text);
    }
    digest.update(`\n${texts.join('\n')}`);
  }
}

/** The last rows of a table, in the order of storing. */
export function lastRows(twin: TableTwin, most: number): readonly Row[] {
  const { size = 0 } = twin.space.tables.get(twin.table.name)?.rows ?? {};
  const last: MemoryRow[] = [];
  let at = 0;
  for (const row of rowsOf(twin)) if (++at > size - most) last.push(row);
  return last.map((row) => shownRow(twin, row));
}

function shownRow({ table: { definition } }: TableTwin, { values }: MemoryRow): Row {
  const fields = Object.keys(definition.fields ?? {});
  const complete =
    fields.length === 0 ? values : Object.fromEntries(fields.map((field) => [field, values[field] ?? null]));
  return withLists(definition, complete);
}

/** What is in a twin, in order. */
export function contentOf(twin: Twin): readonly unknown[] {
  if (twin.kind === 'table') return [...rowsOf(twin)].map((row) => shownRow(twin, row));
  if (twin.kind !== 'log') return [...unpacked(twin.kept.end())].map(({ content: { text } }) => parseJson(text));
  const partitions = twin.space.topics.get(twin.topic)?.partitions ?? [];
  const records = partitions.flatMap(({ records: all }, partition) => all.map((record) => ({ ...record, partition })));
  const inOrder = records.sort((one, other) => one.appended - other.appended || one.partition - other.partition);
  return inOrder.map(({ value }) => readable(value));
}

/** The rows of a table in the order of storing: one that is changed keeps its place. */
function rowsOf({ space, table }: TableTwin): Iterable<MemoryRow> {
  return space.tables.get(table.name)?.rows.values() ?? [];
}

function* keptTexts(twin: Twin): Generator<string> {
  if (twin.kind === 'table') for (const { values } of rowsOf(twin)) yield JSON.stringify(values);
  else if (twin.kind !== 'log') for (const { content } of unpacked(twin.kept.end())) yield content.text;
  else
    for (const [partition, { records }] of (twin.space.topics.get(twin.topic)?.partitions ?? []).entries())
      for (const { offset, key, value } of records) yield `${partition}-${offset} ${key} ${textOf(value)}`;
}

/** A record as JSON, or its text. */
function readable(value: string | Uint8Array): unknown {
  const parsed = tryParseJson(value);
  return parsed === undefined ? textOf(value) : parsed;
}

function textOf(value: string | Uint8Array): string {
  return typeof value === 'string' ? value : Buffer.from(value).toString();
}
