import { bars } from '../../operators/bars.ts';
import type { Lookup } from '../../src/kit/lookup.ts';
import type { Row } from '../../src/kit/row.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { operatorContext, testEnvironment } from '../../src/testing/environment.ts';
import { runOperators } from '../support/engine/operators.ts';
import { operator } from './declared.ts';

export const minute = 60_000;
/** Around the hours that the clocks skip and repeat, midnights in New York, and full hours. */
export const minutes = [
  ...['2025-03-09T04:59Z', '2025-03-09T05:00Z', '2025-03-09T06:59Z', '2025-03-09T07:00Z', '2025-03-10T03:59Z'],
  ...['2025-11-02T05:30Z', '2025-11-02T06:30Z', '2025-11-03T04:59Z', '2025-11-03T05:00Z', '2025-11-03T05:04Z'],
].map((text) => Date.parse(text));
/** The lengths of the bars that can be asked for. */
export const every = '[1m, 5m, 1h, 1d]';

interface Asked {
  readonly rows: readonly Row[];
  readonly errors: readonly string[];
}

/** What `bars` gives for a request. */
export async function ask(
  table: Pick<Lookup, 'find'>,
  value: object,
  more = '',
  now = minutes.at(-1) ?? 0,
): Promise<Asked> {
  const clock = new VirtualClock(now);
  const lookup: Lookup = {
    connect: () => Promise.resolve(),
    close: () => Promise.resolve(),
    find: (query, signal) => table.find(query, signal),
  };
  const context = { ...operatorContext(testEnvironment(clock)), lookup: () => lookup };
  const step = operator(bars, `{ in: candles, every: ${every}, calendar: XNYS${more} }`);
  const { out } = await runOperators([step], [{ symbol: 'A', interval: '1m', limit: 100, ...value }], { context });
  const errors = context.rejections.map(({ code, message }) => `${code} ${message}`);
  return { rows: out.map((message) => message.value as Row), errors };
}
