import assert from 'node:assert/strict';
import { Outcome } from '../kit/track.ts';
import { VirtualClock } from '../simulate/virtual-clock.ts';
import { type Check, onBench } from './check.ts';
import type { TestNode } from './environment.ts';
import { create, type Made, type OperatorBench, type OperatorWorld, splitBySizes, TestLane } from './test-lane.ts';

/** The promises of every operator. */
export function operatorContract(world: OperatorWorld): readonly Check[] {
  const make = async () => ({ ...world, messages: structuredClone(world.messages), clock: new VirtualClock() });
  return checks.map(([title, work]) => onBench(title, make, { work }));
}

const checks: readonly (readonly [string, (bench: OperatorBench) => Promise<void>])[] = [
  ['ends every message or passes it on, counts each, and rejects what it can not use, alone', conserves],
  ['gives the same however its input is cut into batches', ignoresBatches],
  ['shares no state between lanes', sharesNothing],
  ['starts again with each subscription', beginsAnew],
  ['lets warm-up messages pass by: none is counted, and none ends', warmsUp],
  ['changes no message that it is given', changesNothing],
  ['keeps the order of the messages of a key', keepsOrder],
  ['depends on one message alone, where it is declared as stateless', dependsOnOneMessage],
  ['declares what a restart loses of its state, unless it is stateless or for routes', declaresState],
  ['gives back what it holds when its lane is taken away', givesBackLane],
  ['gives back what it holds when it is unsubscribed', givesBackSubscription],
];

async function conserves(bench: OperatorBench): Promise<void> {
  const made = create(bench);
  const lane = new TestLane(bench, made, 'lane');
  await lane.putAll(bench.request ? [bench.messages.length] : [2, 3]);
  await lane.complete();
  const { node } = made.context;
  assert.equal(node.in, bench.messages.length, 'messages counted as taken');
  assert.equal(node.out, lane.out.length, 'messages counted as passed on');
  assertBalanced(node);
  assert.equal(node.inFlight, 0, 'messages in flight at the end');
  assert.deepEqual(lane.open, [], 'messages that never ended');
  assert.deepEqual(lane.endedAs(Outcome.rejected), [...(bench.rejected ?? [])], 'the messages that it rejects');
}

async function ignoresBatches(bench: OperatorBench): Promise<void> {
  if (bench.request) return;
  const whole = await outputOf(bench, [bench.messages.length]);
  for (const sizes of [[1], [2, 1], [3]]) assert.deepEqual(await outputOf(bench, sizes), whole, `batches of ${sizes}`);
}

async function sharesNothing(bench: OperatorBench): Promise<void> {
  const alone = await outputOf(bench, sizesOf(bench));
  const made = create(bench);
  const lanes = ['first', 'second'].map((id) => new TestLane(bench, made, id));
  for (const batch of splitBySizes(bench.messages, sizesOf(bench))) for (const lane of lanes) await lane.put(batch);
  for (const lane of lanes) await lane.complete();
  for (const lane of lanes) assert.deepEqual(lane.values, alone, 'the output of a lane beside another');
}

async function beginsAnew(bench: OperatorBench): Promise<void> {
  const made = create(bench);
  const outputs: unknown[] = [];
  for (let time = 0; time < 2; time++) {
    const lane = new TestLane(bench, made, 'lane');
    await lane.putAll(sizesOf(bench));
    await lane.complete();
    outputs.push(lane.values);
  }
  assert.deepEqual(outputs[1], outputs[0], 'the output of the second subscription');
}

async function warmsUp(bench: OperatorBench): Promise<void> {
  const made = create(bench);
  const lane = new TestLane(bench, made, 'lane');
  await lane.put(bench.messages, true);
  await lane.complete();
  const { in: taken, made: more, out, filtered, rejected, released, inFlight } = made.context.node;
  assert.deepEqual({ taken, more, out, filtered, rejected, released, inFlight }, nothing, 'counters after a warm-up');
  assert.equal(lane.open.length, bench.messages.length, 'warm-up messages that have not ended');
  assert.ok(
    lane.batches.every(({ warmUp }) => warmUp),
    'a batch made of warm-up messages is one of warm-up messages',
  );
}

const nothing = { taken: 0, more: 0, out: 0, filtered: 0, rejected: 0, released: 0, inFlight: 0 };

async function changesNothing(bench: OperatorBench): Promise<void> {
  const before = structuredClone(bench.messages);
  const lane = new TestLane(bench, create(bench), 'lane');
  await lane.putAll(sizesOf(bench));
  await lane.complete();
  assert.deepEqual(bench.messages, before, 'the messages that it was given');
}

async function keepsOrder(bench: OperatorBench): Promise<void> {
  const lane = new TestLane(bench, create(bench), 'lane');
  await lane.put(bench.messages);
  await lane.complete();
  const latest = new Map<string | null, number>();
  for (const { track } of lane.out) {
    const { offset = -1 } = track.meta;
    assert.ok(offset >= (latest.get(track.key) ?? -1), `message ${offset} of key ${track.key} came after a later one`);
    latest.set(track.key, offset);
  }
}

async function dependsOnOneMessage(bench: OperatorBench): Promise<void> {
  const { declaration, options } = bench;
  const forgetsNothing = declaration.state !== undefined && declaration.state(options) === undefined;
  if (!declaration.stateless && !forgetsNothing) return;
  const whole = await outputOf(bench, [1]);
  const alone: object[] = [];
  for (const [index, message] of bench.messages.entries()) {
    await bench.clock.advance(3_600_000);
    const lane = new TestLane(bench, create({ ...bench, lookups: {} }), 'lane');
    lane.skip(index);
    await lane.put([message]);
    await lane.complete();
    alone.push(...lane.values);
  }
  assert.deepEqual(alone, whole, 'what it makes of each message alone, an hour later each');
}

async function declaresState({ declaration: { type, stateless, routesOnly, state } }: OperatorBench): Promise<void> {
  assert.ok(stateless || routesOnly || state, `${type} declares neither \`stateless\` nor \`state\``);
}

async function givesBackLane(bench: OperatorBench): Promise<void> {
  const made = create(bench);
  const lane = new TestLane(bench, made, 'lane', 'none');
  await lane.putAll(sizesOf(bench));
  lane.abort.abort();
  await lane.complete();
  assertHoldsNothing(made, lane);
}

async function givesBackSubscription(bench: OperatorBench): Promise<void> {
  const made = create(bench);
  const lane = new TestLane(bench, made, 'lane', 'none');
  await lane.putAll(sizesOf(bench));
  lane.unsubscribe();
  await bench.clock.settle();
  assertHoldsNothing(made, lane);
  assert.equal(bench.clock.timers, 0, 'a timer is left after the unsubscription');
}

/** Every message has either ended or come out. */
function assertHoldsNothing({ context }: Made, lane: TestLane): void {
  assertBalanced(context.node);
  assert.equal(context.node.inFlight, 0, 'messages in flight');
  const out = new Set(lane.out.map(({ track }) => track.meta.offset));
  assert.deepEqual(
    lane.open.filter((index) => !out.has(index)),
    [],
    'messages that it still holds',
  );
}

function assertBalanced(node: TestNode['node']): void {
  const { in: taken, made, out, filtered, rejected, released, inFlight } = node;
  assert.equal(
    taken + made,
    out + filtered + rejected + released + inFlight,
    'in + made = out + filtered + rejected + released',
  );
}

function sizesOf({ request, messages }: OperatorBench): readonly number[] {
  return request ? [messages.length] : [2, 1];
}

/** The values that an operator passes on, in order. */
export async function operatorOutput(world: OperatorWorld): Promise<readonly unknown[]> {
  const bench = { ...world, messages: structuredClone(world.messages), clock: new VirtualClock() };
  const lane = new TestLane(bench, create(bench), 'lane');
  await lane.putAll([world.messages.length]);
  await lane.complete();
  return lane.out.map(({ value }) => value);
}

/** What comes out of a lane of its own: the key, the value and where it came from. */
async function outputOf(bench: OperatorBench, sizes: readonly number[]): Promise<unknown> {
  const lane = new TestLane(bench, create(bench), 'lane');
  await lane.putAll(sizes);
  await lane.complete();
  return lane.values;
}
