import { map } from 'rxjs';
import { FdpError } from '../errors.ts';
import type { Chance } from '../kit/chance.ts';
import { linkedAbort, woken } from '../kit/clock.ts';
import type { Message } from '../kit/message.ts';
import type { RoleContext } from '../kit/role.ts';
import type { Receipt, Sink } from '../kit/sink.ts';
import type { Lane, Source } from '../kit/source.ts';
import { type CallFault, delayBy, failsAt, faultsAt } from './call-faults.ts';

/** What goes wrong at one sink of a topology. A write that fails is tried again. */
export interface SinkFault extends CallFault {
  /** The branch; undefined: the dead letter. */
  readonly branch: string | undefined;
  /** Messages that the sink never accepts. */
  refuses?(message: Message): boolean;
  /** The probability that a write is stored, and its confirmation lost. */
  readonly loseAck?: number;
}

/** What happens at a moment, ms after the topology is ready. */
export type TimedFault =
  | { readonly kind: 'cut'; readonly atMs: number; readonly forMs: number }
  | { readonly kind: 'crash'; readonly atMs: number }
  /** The table of a branch is set back to what it was so long before, while no process runs. */
  | { readonly kind: 'restore'; readonly branch: string; readonly atMs: number; readonly backMs: number }
  | { readonly kind: 'jump'; readonly atMs: number; readonly byMs: number };

export interface FaultySinkParts {
  readonly faults: readonly SinkFault[];
  readonly chance: Chance;
  readonly context: RoleContext;
  /** Ms since the topology was ready. */
  sinceReady(): number;
  /** Called with what a write has stored. */
  stored(messages: readonly Message[], isOrdered: boolean): void;
}

/** A sink to which its faults happen, and which reports what it has stored. */
export function faultySink(inner: Sink, parts: FaultySinkParts): Sink {
  const { maxInFlight, gathering, counters, rows, maxMessageBytes } = inner;
  const { chance, context, stored } = parts;
  const { name } = context.node;
  let writes = 0;
  const last = inner.last?.bind(inner);
  return {
    ordered: inner.ordered,
    ...(maxInFlight !== undefined && { maxInFlight }),
    ...(gathering && { gathering }),
    ...(counters && { counters }),
    ...(rows && { rows }),
    ...(maxMessageBytes !== undefined && { maxMessageBytes }),
    ...(last && { last }),
    connect: (signal, options) => inner.connect(signal, options),
    close: () => inner.close(),
    async write(messages, signal) {
      writes++;
      // A killed process takes no further step.
      await context.failPoint('twin-before-write');
      const faults = parts.faults.length === 0 ? parts.faults : faultsAt(parts.faults, parts.sinceReady());
      await delayBy(faults, context.clock, signal);
      if (signal.aborted) throw new FdpError('FDP_CLOSED', `${name}: the write was cancelled`);
      if (failsAt(faults, writes)) throw new FdpError('FDP_UNAVAILABLE', `${name}: write ${writes} fails (fault)`);
      const receipt = await writeAccepted(inner, messages, { faults, name, signal });
      const { failed } = receipt;
      stored(
        failed && failed.size > 0 ? messages.filter((_message, index) => !failed.has(index)) : messages,
        inner.ordered,
      );
      if (faults.some(({ loseAck }) => loseAck !== undefined && chance.next() < loseAck))
        throw new FdpError('FDP_UNAVAILABLE', `${name}: the confirmation of write ${writes} is lost (fault)`);
      return receipt;
    },
  };
}

/** Writes the messages that the sink does not refuse; the receipt speaks of all. */
async function writeAccepted(
  inner: Sink,
  messages: readonly Message[],
  {
    faults,
    name,
    signal,
  }: { readonly faults: readonly SinkFault[]; readonly name: string; readonly signal: AbortSignal },
): Promise<Receipt> {
  if (!faults.some(({ refuses }) => refuses)) return inner.write(messages, signal);
  const indexes = [...messages.keys()].filter(
    (index) => !faults.some((fault) => fault.refuses?.(messages[index] as Message)),
  );
  if (indexes.length === messages.length) return inner.write(messages, signal);
  const accepted = indexes.map((index) => messages[index] as Message);
  const receipt: Receipt = accepted.length === 0 ? {} : await inner.write(accepted, signal);
  const moved = <T>(found: ReadonlyMap<number, T> | undefined) =>
    new Map([...(found ?? [])].map(([at, value]) => [indexes[at] as number, value] as const));
  const failed = new Map<number, Error>(moved(receipt.failed));
  for (const index of messages.keys())
    if (!indexes.includes(index))
      failed.set(index, new FdpError('FDP_MESSAGE_REFUSED', `${name}: the message is refused (fault)`));
  return { ...receipt, known: moved(receipt.known), failed };
}

/** The connection of a source, which may be cut for a while. */
export class Cut {
  #isCut = false;
  readonly #waiting = new Set<() => void>();

  set(isCut: boolean): void {
    this.#isCut = isCut;
    if (!isCut) for (const wake of [...this.#waiting]) wake();
  }

  /** The same source, whose lanes give nothing while the connection is cut. */
  over(source: Source): Source {
    const { lanes, replayable } = source;
    const [lag, resume] = [source.lag?.bind(source), source.resume?.bind(source)];
    return {
      replayable,
      lanes: lanes.pipe(map((lane) => this.#lane(lane))),
      get takenOver() {
        return source.takenOver ?? false;
      },
      ...(lag && { lag }),
      ...(resume && { resume }),
      connect: (signal, options) => source.connect(signal, options),
      close: () => source.close(),
    };
  }

  #lane(lane: Lane): Lane {
    const { id, signal, chain, request, batch, log, group } = lane;
    return {
      id,
      signal,
      ...(chain !== undefined && { chain }),
      ...(request && { request }),
      ...(batch !== undefined && { batch }),
      ...(log && { log }),
      ...(group && { group }),
      read: async (stop) => {
        if (this.#isCut) await this.#untilBack(stop, signal);
        return lane.read(stop);
      },
    };
  }

  async #untilBack(stop: AbortSignal, gone: AbortSignal): Promise<void> {
    const either = linkedAbort(stop, gone);
    const { signal } = either.controller;
    while (this.#isCut && !signal.aborted) await this.#over(signal);
    either.release();
  }

  #over(signal: AbortSignal): Promise<void> {
    return woken(signal, (wake) => {
      this.#waiting.add(wake);
      return () => this.#waiting.delete(wake);
    });
  }
}
