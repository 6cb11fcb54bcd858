import { Latency } from '../kit/latency.ts';
import { Outcome } from '../kit/track.ts';
import { Suspicion } from './suspicion.ts';

/** A topology's count of source messages. At every instant read = delivered + filtered + rejected + released + inFlight. */
export class MessageCounters {
  messagesRead = 0;
  delivered = 0;
  filtered = 0;
  rejected = 0;
  released = 0;
  inFlight = 0;
  /** From a batch's oldest message to its settlement. */
  readonly latency = new Latency();
  readonly suspicion = new Suspicion();

  read(messages: number): void {
    this.messagesRead += messages;
    this.inFlight += messages;
  }

  end(outcome: Outcome): void {
    this.inFlight--;
    switch (outcome) {
      case Outcome.delivered:
        this.delivered++;
        this.suspicion.delivered();
        break;
      case Outcome.filtered:
        this.filtered++;
        break;
      case Outcome.rejected:
        this.rejected++;
        break;
      case Outcome.released:
        this.released++;
        break;
    }
  }
}
