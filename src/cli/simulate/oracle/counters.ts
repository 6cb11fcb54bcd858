import type { Row } from '../../../kit/row.ts';
import type { Piece } from './trades.ts';

interface Options {
  readonly by: string;
  readonly count?: string;
  readonly latest?: Readonly<Record<string, string>>;
}

/** The rows that `metadata_upsert` makes of trades. */
export function counterRows(pieces: readonly Piece[], options: unknown): readonly Row[] {
  const { by, count, latest = {} } = options as Options;
  const rows = new Map<unknown, Record<string, unknown>>();
  for (const { fields } of pieces) {
    const row = rows.get(fields[by]) ?? { [by]: fields[by] };
    rows.set(fields[by], row);
    if (count !== undefined) row[count] = Number(row[count] ?? 0) + 1;
    for (const [name, from] of Object.entries(latest))
      row[name] = Math.max(Number(row[name] ?? Number.NEGATIVE_INFINITY), Number(fields[from]));
  }
  return [...rows.values()];
}
