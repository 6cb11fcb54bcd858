import {
  catchError,
  defer,
  EMPTY,
  finalize,
  ignoreElements,
  type MonoTypeOperatorFunction,
  mergeMap,
  type Observable,
  of,
  tap,
} from 'rxjs';
import { errorText, FdpError } from '../../errors.ts';
import type { Environment } from '../../kit/environment.ts';
import { type Batch, type LaneContext, type Message, toMessage } from '../../kit/message.ts';
import type { NodeStats } from '../../kit/node-stats.ts';
import type { RequestContext } from '../../kit/request.ts';
import type { Lane, Reading } from '../../kit/source.ts';
import { Outcome } from '../../kit/track.ts';
import type { MessageCounters } from '../message-counters.ts';
import { Settlement } from './ledger.ts';

export interface RequestParts {
  readonly environment: Environment;
  /** Of the source. */
  readonly node: NodeStats;
  readonly counters: MessageCounters;
}

/**
 * One request on its way through the operators of its route to its reply. Requests don't wait for each other: the
 * connector bounds their number. Requests are never read again.
 */
export class RequestRun {
  readonly #lane: Lane;
  readonly #request: RequestContext;
  readonly #parts: RequestParts;
  #settlement: Settlement | undefined;
  /** The request's own messages stay open until its reply, whatever happens to its rows. */
  #own: readonly Message[] = [];

  constructor(lane: Lane, request: RequestContext, parts: RequestParts) {
    this.#lane = lane;
    this.#request = request;
    this.#parts = parts;
  }

  /** When it was read, monotonic ms. */
  get oldest(): number | undefined {
    return this.#settlement?.readAt;
  }

  /** Completes after the reply; an operator's error becomes the reply to this request only. */
  through(chain: MonoTypeOperatorFunction<Batch>): Observable<never> {
    return defer(() => this.#lane.read(this.#lane.signal)).pipe(
      mergeMap((reading) => (reading ? of(this.#admit(reading)) : EMPTY)),
      chain,
      tap((batch) => this.#replied(batch)),
      ignoreElements(),
      catchError((error) => {
        this.#request.fail(new FdpError('FDP_INTERNAL', errorText(error), { cause: error }));
        return EMPTY;
      }),
      // Messages that failed operators have left open would never end.
      finalize(() => this.#settlement?.abandon()),
    );
  }

  /** Ends all work on the request. */
  giveUp(): void {
    this.#request.stop(new FdpError('FDP_UNAVAILABLE', 'the service is stopping'));
  }

  #admit(reading: Reading): Batch {
    const { node, counters, environment } = this.#parts;
    const { clock } = environment;
    const settled = () => {
      if (!settlement.released) counters.latency.record(clock.monotonic() - settlement.readAt, settlement.messages);
    };
    const settlement: Settlement = new Settlement(reading, clock.monotonic(), counters, { settled });
    this.#settlement = settlement;
    counters.read(reading.messages.length);
    node.in += reading.messages.length;
    node.out += reading.messages.length;
    this.#own = reading.messages.map((record) => toMessage(record, settlement));
    for (const { track } of this.#own) track.fork(1);
    const lane: LaneContext = { id: this.#lane.id, signal: this.#lane.signal, request: this.#request };
    return { lane, messages: this.#own, warmUp: false };
  }

  /** The remaining messages were delivered with the reply. */
  #replied(batch: Batch): void {
    for (const message of batch.messages) message.track.end(Outcome.delivered);
    for (const message of this.#own) message.track.end(Outcome.delivered);
    this.#own = [];
  }
}
