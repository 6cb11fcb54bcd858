import { parseJson } from '../../kit/json.ts';
import type { Proof } from '../../kit/origin.ts';

/** The most bytes that a log keeps with a position: Kafka's own limit is 4096. */
const maxNoteBytes = 4000;

type Tuple = readonly [key: Proof['key'], offset: number, index: number];

interface Note {
  readonly lane: string;
  readonly underWay: number;
  readonly proofs: Readonly<Record<string, readonly Tuple[]>>;
}

/**
 * Proof that the stores of a lane have what was committed: the last confirmed writes of each branch, as
 * many as may be under way at once, so that the one that became durable last is among them. Noted with the lane's
 * position, and checked when the lane begins: a store without them was restored or emptied.
 */
export class Proofs {
  readonly #lane: string;
  /** Messages of the lane that may have been under way at once, whenever its stores were written. */
  readonly underWay: number;
  readonly #byBranch = new Map<string, readonly Proof[]>();

  /**
   * @param note what was noted for the lane before; ignored if it is of another log, or not written by fdp
   * @param underWay messages of the lane that may be under way from now on
   */
  constructor(lane: string, note: string | undefined, underWay: number) {
    this.#lane = lane;
    const noted = readNote(lane, note);
    this.underWay = Math.max(underWay, noted.underWay);
    for (const [branch, tuples] of Object.entries(noted.proofs))
      this.#byBranch.set(
        branch,
        tuples.map(([key, offset, index]) => ({ key, offset, index })),
      );
  }

  of(branch: string): readonly Proof[] {
    return this.#byBranch.get(branch) ?? [];
  }

  /** Adds a confirmed write; the branch's last `keep` are kept. */
  add(branch: string, proof: Proof, keep: number): void {
    this.#byBranch.set(branch, [...this.of(branch), proof].slice(-keep));
  }

  /** Drops a branch's proofs, after its store has lost the rows. */
  drop(branch: string): void {
    this.#byBranch.delete(branch);
  }

  /** One line to keep with the position; undefined if there is no proof, or it would be too long. */
  get note(): string | undefined {
    if (this.#byBranch.size === 0) return undefined;
    for (const each of [Number.POSITIVE_INFINITY, 1]) {
      const text = this.#text(each);
      if (Buffer.byteLength(text) <= maxNoteBytes) return text;
    }
    return undefined;
  }

  #text(each: number): string {
    const proofs = [...this.#byBranch].map(([branch, all]) => [
      branch,
      all.slice(-each).map(({ key, offset, index }): Tuple => [key, offset, index]),
    ]);
    const { underWay } = this;
    return JSON.stringify({ lane: this.#lane, underWay, proofs: Object.fromEntries(proofs) } satisfies Note);
  }
}

function readNote(lane: string, note: string | undefined): Note {
  const nothing = { lane, underWay: 0, proofs: {} };
  if (!note?.startsWith('{')) return nothing;
  try {
    const read = { ...nothing, lane: '', ...(parseJson(note) as Partial<Note>) };
    return read.lane === lane ? read : nothing;
  } catch {
    return nothing;
  }
}
