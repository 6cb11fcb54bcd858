/** The result of one run of one side. */
export interface Sample {
  /** Units (trades, frames, requests) a second; the higher the better. */
  readonly rate: number;
  /** Own CPU time for one unit, microseconds. */
  readonly cpuUs?: number;
  /** The most memory that the process held, MiB. */
  readonly peakMiB?: number;
  /** CPU time of the servers for one unit, microseconds, and the most memory that they held so far, MiB. */
  readonly servers?: Readonly<Record<string, { readonly cpuUs: number; readonly peakMiB: number }>>;
  /** Other figures of this path, by name; the lower the better. */
  readonly times?: Readonly<Record<string, number>>;
}

export interface Range {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** One line of the table: two sides measured in turns. */
export interface Row {
  readonly path: string;
  readonly work: string;
  readonly unit: string;
  readonly ours: readonly Sample[];
  readonly theirs: readonly Sample[];
  /** The name of the other side. */
  readonly beside: string;
}

export interface Side {
  run(): Promise<Sample>;
}

/** Runs both sides in turns, A B A B, so that other load of the machine affects both alike. */
export async function inTurns(ours: Side, theirs: Side, rounds: number): Promise<Pick<Row, 'ours' | 'theirs'>> {
  const samples: { ours: Sample[]; theirs: Sample[] } = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round++) {
    samples.ours.push(await ours.run());
    samples.theirs.push(await theirs.run());
  }
  return samples;
}

/** The middle, the lowest and the highest. */
export function rangeOf(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) };
}

/** Round by round, ours in terms of theirs. */
export function ratioOf(row: Pick<Row, 'ours' | 'theirs'>, figure: (sample: Sample) => number): Range {
  return rangeOf(row.ours.map((sample, round) => figure(sample) / figure(row.theirs[round] ?? sample)));
}
