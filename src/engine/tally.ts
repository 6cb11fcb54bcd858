import { Latency } from './latency.ts';
import { Outcome } from './track.ts';

/** Source messages rejected in a row, over all lanes, that mean a wrong spec rather than bad messages. */
export const heldAfter = 1000;

/** A topology's count of source messages. At every instant read = delivered + filtered + rejected + released + inFlight. */
export class Tally {
  messagesRead = 0;
  delivered = 0;
  filtered = 0;
  rejected = 0;
  released = 0;
  inFlight = 0;
  /** From a batch's oldest message to its settlement. */
  readonly latency = new Latency();
  /** Rejected since the last one that was delivered. */
  rejectedInARow = 0;

  read(messages: number): void {
    this.messagesRead += messages;
    this.inFlight += messages;
  }

  end(outcome: Outcome): void {
    this.inFlight--;
    switch (outcome) {
      case Outcome.delivered:
        this.delivered++;
        this.rejectedInARow = 0;
        break;
      case Outcome.filtered:
        this.filtered++;
        break;
      case Outcome.rejected:
        this.rejected++;
        this.rejectedInARow++;
        break;
      case Outcome.released:
        this.released++;
        break;
    }
  }
}
