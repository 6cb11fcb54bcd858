import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { map, type OperatorFunction } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { operators } from '../../../operators/index.ts';
import type { OperatorDeclaration } from '../../../src/kit/declaration.ts';
import { type Batch, derive, type Message } from '../../../src/kit/message.ts';
import { testedFiles } from '../../support/cli/pipeline-tests.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';
import { simulated } from '../../support/cli/simulations.ts';

/** A shipped operator with a mistake in what it gives. */
function wrong(
  type: string,
  mistake: (messages: readonly Message[], isLaterProcess: boolean) => readonly Message[],
): OperatorDeclaration {
  const declaration = operators.find((each) => each.type === type);
  if (!declaration) throw new Error(`there is no ${type}`);
  return {
    ...declaration,
    create: (options, context): OperatorFunction<Batch, Batch> => {
      const right = declaration.create(options, context);
      const isLater = context.clock.monotonic() > 0;
      return (batches) =>
        right(batches).pipe(map((batch) => ({ ...batch, messages: mistake(batch.messages, isLater) })));
    },
  };
}

type Change = { readonly merge: Readonly<Record<string, unknown>> };
const changed = (message: Message, change: (merge: Change['merge']) => Readonly<Record<string, unknown>>) =>
  derive(message, { value: { merge: change((message.value as Change).merge) } });

/** By what each of them needs to be seen. */
const mistakes: readonly (readonly [mistake: string, kind: string, planted: () => OperatorDeclaration])[] = [
  [
    'counts by the batch',
    'symbols: counters differ',
    () =>
      wrong('metadata_upsert', (messages) =>
        messages.map((message, at) =>
          changed(message, (merge) => (at > 0 && messages.length > 3 ? { ...merge, count: { tradeCount: 2 } } : merge)),
        ),
      ),
  ],
  [
    'closes a bar with the trade that came last',
    'candles: bars differ',
    () => {
      let came = Date.UTC(2030, 0);
      return wrong('candles', (messages) =>
        messages.map((message) =>
          changed(message, (merge) => ({
            ...merge,
            last: { close: { ...(merge['last'] as { close: object }).close, at: came++ } },
          })),
        ),
      );
    },
  ],
  [
    'makes another key of what is read again',
    'trades: trades are there that should not be',
    () =>
      wrong('idempotency_key', (messages, isLaterProcess) =>
        messages.map((message) => {
          const fields = message.value as Readonly<Record<string, unknown>>;
          const key = `${fields['message_key']}${isLaterProcess ? '-again' : ''}`;
          return derive(message, { value: { ...fields, message_key: key } });
        }),
      ),
  ],
  [
    'leaves a gap open for ever',
    'gaps: gaps differ',
    () =>
      wrong('gaps', (messages) =>
        messages.map((message) =>
          changed(message, (merge) => ({ ...merge, lowest: { to: Date.UTC(9999, 11, 31, 23, 59, 59, 999) } })),
        ),
      ),
  ],
  [
    'leaves out the last row of a page',
    'GET /api/v1/trades/{symbol}: replies are wrong',
    () =>
      wrong('find', (messages) => {
        const isOfTrades = messages.every(({ value }) => 'price' in (value as object));
        return isOfTrades && messages.length > 2 ? messages.slice(0, -1) : messages;
      }),
  ],
];

describe('a planted mistake', () => {
  it.each(mistakes)('that %s is found, and shrunk to a test that shows it', async (_mistake, kind, planted) => {
    using folder = temporaryFolder();
    const flags = { seeds: '1..200', untilFailure: true, hours: '0.02', rate: '10/s', json: true };
    const found = await simulated(flags, { instead: [planted()], folder: folder.path });
    const [failure] = JSON.parse(found.text).failed;
    expect(found.exitCode).toBe(1);
    const file = join(folder.path, failure.test_file);
    const { name, input, faults = [] } = parse(readFileSync(file, 'utf8'));
    expect(name).toBe(`${kind} (found by fdp simulate, seed ${failure.seed})`);
    expect(input.length + faults.length).toBeLessThanOrEqual(20);
    const broken = await testedFiles([file], { instead: [planted()] });
    expect(broken.text).toContain(`FAIL  ${file}`);
    expect((await testedFiles([file])).text).toContain('1 test: 1 passed');
  });

  it('is printed with its seed', async () => {
    using folder = temporaryFolder();
    const planted = mistakes[3]?.[2]() as OperatorDeclaration;
    const { text, exitCode } = await simulated(
      { hours: '0.02', rate: '10/s', seed: '9' },
      { instead: [planted], folder: folder.path },
    );
    expect(exitCode).toBe(1);
    expect(text).toContain('FAIL gaps: ');
    expect(text).toMatch(
      /\d+ violations; again with --seed 9\nthe least that shows it: fdp test failure-9.test.yml\n$/,
    );
  });
});
