import { from, lastValueFrom, type OperatorFunction } from 'rxjs';
import { type Batch, type Message, toMessage } from '../../src/kit/message.ts';
import { NodeStats } from '../../src/kit/node-stats.ts';
import { type OperatorContext, perMessage } from '../../src/kit/operator.ts';
import { outcomesAt } from '../../src/kit/outcomes.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import type { Path } from '../path.ts';
import { inTurns, type Row, type Sample } from '../turns.ts';

const batchMessages = 500;
const nobody = { stateChanged: () => {} };

/** Messages through operators that change nothing, beside a plain function called for each batch. */
export const engine: Path = {
  name: 'engine',
  async measure(bench) {
    const batches = bench.sized({ quick: 2000, normal: 20_000, full: 100_000 });
    const rows: Row[] = [];
    for (const operators of [1, 5, 10]) {
      const ours = { run: () => timed(batches, Array.from({ length: operators }, passThrough)) };
      const theirs = { run: () => timed(batches, []) };
      await ours.run();
      const sides = await inTurns(ours, theirs, bench.rounds);
      const work = `${operators} pass-through operator${operators === 1 ? '' : 's'}`;
      rows.push({ path: 'engine', work, unit: 'messages/s', beside: 'one call a batch', ...sides });
    }
    return rows;
  },
};

function passThrough(): OperatorFunction<Batch, Batch> {
  const node = new NodeStats('same', 'operator', 'same', nobody);
  const context: OperatorContext = {
    ...testEnvironment(),
    node,
    outcomes: outcomesAt(node, () => {}),
    lookup: () => ({ find: async () => [] }),
  };
  return perMessage(context, (message) => message);
}

async function timed(batches: number, operators: readonly OperatorFunction<Batch, Batch>[]): Promise<Sample> {
  const messages: readonly Message[] = Array.from({ length: batchMessages }, (_unused, offset) =>
    toMessage({ key: null, value: { offset }, timestamp: 0, meta: { lane: 'l', offset } }, undefined),
  );
  const batch: Batch = { lane: { id: 'l', signal: new AbortController().signal }, messages, warmUp: false };
  let seen = 0;
  const count = (each: Batch) => {
    seen += each.messages.length;
    return each;
  };
  const [since, cpu] = [performance.now(), process.cpuUsage()];
  if (operators.length === 0) for (let number = 0; number < batches; number++) count(batch);
  else {
    const all = operators.reduce((stream, operator) => stream.pipe(operator), from(repeat(batch, batches)));
    count(await lastValueFrom(all));
  }
  const { user, system } = process.cpuUsage(cpu);
  if (seen === 0) throw new Error('nothing came through');
  const total = batches * batchMessages;
  return { rate: (total / (performance.now() - since)) * 1000, cpuUs: (user + system) / total };
}

function* repeat<T>(value: T, times: number): Generator<T> {
  for (let number = 0; number < times; number++) yield value;
}
