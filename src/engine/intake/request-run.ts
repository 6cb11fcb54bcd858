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
import type { Tally } from '../tally.ts';
import { Settlement } from './ledger.ts';

export interface RequestParts {
  readonly environment: Environment;
  /** Of the source. */
  readonly node: NodeStats;
  readonly tally: Tally;
}

/**
 * One request on its way through the operators of its route to its reply. It waits for no other: its connector bounds
 * how many there are. Nothing of it is read again.
 */
export class RequestRun {
  readonly #lane: Lane;
  readonly #request: RequestContext;
  readonly #parts: RequestParts;
  #settlement: Settlement | undefined;
  /** The request's own messages live until its reply, whatever its rows do. */
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

  /** Completes when it has been answered; an error of an operator is the answer to this request alone. */
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
      // What its operators have left behind when they failed, nobody will ever end.
      finalize(() => this.#settlement?.abandon()),
    );
  }

  /** Nobody works on it any more. */
  giveUp(): void {
    this.#request.stop(new FdpError('FDP_UNAVAILABLE', 'the service is stopping'));
  }

  #admit(reading: Reading): Batch {
    const { node, tally, environment } = this.#parts;
    const { clock } = environment;
    const settlement: Settlement = new Settlement(reading, clock.monotonic(), tally, () => {
      if (!settlement.released) tally.latency.record(clock.monotonic() - settlement.readAt, settlement.messages);
    });
    this.#settlement = settlement;
    tally.read(reading.messages.length);
    node.in += reading.messages.length;
    node.out += reading.messages.length;
    this.#own = reading.messages.map((record) => toMessage(record, settlement));
    for (const { track } of this.#own) track.fork(1);
    const lane: LaneContext = { id: this.#lane.id, signal: this.#lane.signal, request: this.#request };
    return { lane, messages: this.#own, warmUp: false };
  }

  /** What is left of its messages has been shown in its reply. */
  #replied(batch: Batch): void {
    for (const message of batch.messages) message.track.end(Outcome.delivered);
    for (const message of this.#own) message.track.end(Outcome.delivered);
    this.#own = [];
  }
}
