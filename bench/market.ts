/** The symbols of the shipped pipeline, and more where a path wants thousands. */
export function symbolNames(count: number): readonly string[] {
  const shipped = ['AAPL', 'GOOGL', 'TSLA', 'MSFT', 'NVDA', 'AMD'];
  return Array.from({ length: count }, (_unused, index) => shipped[index] ?? `SYM${index}`);
}

export interface Backlog {
  readonly messages: number;
  readonly tradesEach: number;
  readonly symbols: number;
}

export interface BacklogMessage {
  readonly key: string;
  readonly partition: number;
  readonly value: string;
}

const partitions = 6;
/** Prices that differ: of cents from 100 to 1,000. In an order in which none comes again before all have been. */
const distinctPrices = 90_000;
const priceStep = 7919;
const firstTime = Date.UTC(2025, 10, 20, 14, 30);

/** The messages of a backlog: envelopes as the ingestor writes them, symbols in turn, 90,000 prices. */
export function* backlogMessages({ messages, tradesEach, symbols }: Backlog): Generator<BacklogMessage> {
  const names = symbolNames(symbols);
  for (let number = 0; number < messages; number++) {
    const nth = number % names.length;
    const key = names[nth] ?? '';
    const data = Array.from({ length: tradesEach }, (_unused, index) => ({
      p: (10_000 + (((number * tradesEach + index) * priceStep) % distinctPrices)) / 100,
      s: key,
      t: firstTime + number * 3 + index,
      v: 1 + ((number + index) % 400),
      c: ['1'],
    }));
    yield { key, partition: nth % partitions, value: JSON.stringify({ type: 'trade', data }) };
  }
}

/** What it is in a table. */
export function backlogLabel({ messages, tradesEach, symbols }: Backlog): string {
  const many = symbols === 6 ? '' : `, ${symbols.toLocaleString('en')} symbols`;
  return `${messages.toLocaleString('en')} x ${tradesEach} trade${tradesEach === 1 ? '' : 's'}${many}`;
}
