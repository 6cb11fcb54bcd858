import type { TimedFault } from './faults.ts';
import { atOnce, type TapeEntry } from './tape.ts';

/** Something that happens at a moment, ms after the topology is ready. */
export interface Due {
  readonly atMs: number;
  happen(): Promise<void> | void;
}

/** What an agenda does to a run. */
export interface Happenings {
  take(entries: readonly TapeEntry[]): Promise<void>;
  cut(isCut: boolean): void;
  jump(ms: number): void;
  /** Copies the table of a branch; the function that is returned sets it back to that. */
  backUp(branch: string): () => void;
  /** The process is killed, and another one started after `meanwhile`. */
  crash(meanwhile?: () => void): void;
}

/** Everything that happens, in the order of time; at the same moment faults before messages. The tape is read as time goes on. */
export function* agendaOf(
  tape: Iterable<TapeEntry>,
  timedFaults: readonly TimedFault[],
  run: Happenings,
): Generator<Due> {
  const faults = timedFaults.flatMap((fault) => faultDue(fault, run)).sort((one, other) => one.atMs - other.atMs);
  for (const some of atOnce(tape)) {
    const [{ atMs }] = some;
    while (faults[0] && faults[0].atMs <= atMs) yield faults.shift() as Due;
    yield { atMs, happen: () => run.take(some) };
  }
  yield* faults;
}

function faultDue(fault: TimedFault, run: Happenings): readonly Due[] {
  const { kind, atMs } = fault;
  if (kind === 'crash') return [{ atMs, happen: () => run.crash() }];
  if (kind === 'restore') return restoring(fault, run);
  if (kind === 'jump') return [{ atMs, happen: () => run.jump(fault.byMs) }];
  const back = { atMs: atMs + fault.forMs, happen: () => run.cut(false) };
  return [{ atMs, happen: () => run.cut(true) }, back];
}

/** A backup is taken, and later the process killed, the table restored, and another process started. */
function restoring(
  { branch, atMs, backMs }: Extract<TimedFault, { kind: 'restore' }>,
  run: Happenings,
): readonly Due[] {
  let restore = () => {};
  const backUp = () => {
    restore = run.backUp(branch);
  };
  return [
    { atMs: Math.max(0, atMs - backMs), happen: backUp },
    { atMs, happen: () => run.crash(() => restore()) },
  ];
}
