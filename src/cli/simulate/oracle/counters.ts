import type { Row } from '../../../kit/row.ts';
import type { Piece } from './trades.ts';

interface Options {
  readonly by: string;
  readonly count?: string;
  readonly latest?: Readonly<Record<string, string>>;
}

/** The rows that `metadata_upsert` makes of trades. */
export class Counters {
  readonly #options: Options;
  readonly #rows = new Map<unknown, Record<string, unknown>>();

  constructor(options: unknown) {
    this.#options = options as Options;
  }

  take({ fields }: Piece): void {
    const { by, count, latest = {} } = this.#options;
    const row = this.#rows.get(fields[by]) ?? { [by]: fields[by] };
    this.#rows.set(fields[by], row);
    if (count !== undefined) row[count] = Number(row[count] ?? 0) + 1;
    for (const [name, from] of Object.entries(latest))
      row[name] = Math.max(Number(row[name] ?? Number.NEGATIVE_INFINITY), Number(fields[from]));
  }

  rows(): readonly Row[] {
    return [...this.#rows.values()];
  }
}
