import { expect, it } from 'vitest';
import { sessionMs } from '../../connectors/kafka/group-join.ts';
import { systemClock, woken } from '../../src/kit/clock.ts';
import { instanceName } from '../../src/kit/instance.ts';
import { eventually } from '../support/cli/platform.ts';
import { clientIds } from '../support/kafka/admin.ts';
import { alive, browse, KafkaProcess, laneOf, numbered, Reader, readFrom } from '../support/kafka/harness.ts';
import { balanced, partitionsOf } from '../support/kafka/members.ts';
import { KafkaView } from '../support/kafka/view.ts';
import { onServices } from '../support/services/cluster.ts';
import { randomName } from '../support/services/services.ts';

const never = new AbortController().signal;

onServices.concurrent('a consumer group of kafka', ({ kafka: brokers }) => {
  it('shares six partitions between two members, and gives them back to the one that stays', async () => {
    const topic = randomName();
    await using first = await KafkaProcess.on(brokers, { topic, partitions: 6 });
    await using second = await KafkaProcess.on(brokers, { topic, partitions: 6 });
    const one = await first.openSource();
    expect(partitionsOf(one)).toEqual([0, 1, 2, 3, 4, 5]);
    const two = await second.openSource();
    await balanced([one, two], [3, 3]);
    // Every lane of the generation before has ended, also of partitions that came back.
    expect(one.lanes.slice(0, 6).every(({ signal }) => signal.aborted)).toBe(true);
    await two.source.close();
    await balanced([one], [6]);
    expect(first.log.filter(({ text }) => text.includes('assigned partitions 0, 1, 2, 3, 4, 5'))).toHaveLength(2);
  });

  it('shows its members by the name of their process, or as they are called in the YAML', async () => {
    const [topic, group] = [randomName(), randomName()];
    await using named = await KafkaProcess.on(brokers, { topic, client_id: 'desk-7' });
    await using other = await KafkaProcess.on(brokers, { topic });
    await named.openSource({ group });
    await other.openSource({ group });
    await eventually('both are members', async () => {
      const ids = await clientIds(brokers, group);
      return [...ids].sort().join() === ['desk-7', `fdp-${instanceName()}`].join();
    });
  });

  it('shares its partitions at once between members that start in the same moment', async () => {
    // One joins while the other gets its assignment: a member that joined twice would be waited for until its session ends.
    for (let round = 0; round < 8; round++) {
      const topic = randomName();
      await using first = await KafkaProcess.on(brokers, { topic, partitions: 6 });
      await using second = await KafkaProcess.on(brokers, { topic, partitions: 6 });
      await first.openSink();
      const started = systemClock.monotonic();
      const opens = await Promise.all([first.openSource(), second.openSource()]);
      await balanced(opens, [3, 3]);
      expect(systemClock.monotonic() - started).toBeLessThan(sessionMs);
    }
  });

  it('is shared by readers of different topics, each of which gets what it reads, as they come and go', async () => {
    const [ticks, news] = [randomName(), randomName()];
    await using one = await KafkaProcess.on(brokers, { topic: ticks, partitions: 6 });
    await using two = await KafkaProcess.on(brokers, { topic: news, partitions: 3 });
    await one.append(numbered(0, 60, '*'));
    await two.append(numbered(60, 120, '*'));
    const group = randomName();
    const readers: Reader[] = [];
    const join = async (process: KafkaProcess) => {
      const context = process.context();
      context.node.is('ok');
      const source = process.source({ group }, context);
      await source.connect(never);
      const reader = new Reader(source);
      readers.push(reader);
      return { source, context, lanes: reader.lanes };
    };
    const seen = () => [...new Set(readers.flatMap(({ values }) => values as number[]))].sort((a, b) => a - b);
    const first = await join(one);
    const second = await join(two);
    await balanced([first], [6]);
    await balanced([second], [3]);
    await eventually('all of both topics', async () => seen().length === 120);
    await eventually('nothing waits', async () => [first, second].every(({ source }) => source.lag?.() === 0));
    // A further reader of one topic takes from nobody else, and leaves what it had to the one that reads the same.
    await using three = await KafkaProcess.on(brokers, { topic: news, partitions: 3 });
    const third = await join(three);
    await eventually('three are shared', async () => partitionsOf(second).length + partitionsOf(third).length === 3);
    await balanced([first], [6]);
    await two.append(numbered(120, 150, '*'));
    await eventually('what came meanwhile', async () => seen().length === 150);
    await second.source.close();
    await balanced([third], [3]);
    await first.source.close();
    await two.append(numbered(150, 180, '*'));
    await eventually('what came at last', async () => seen().length === 180);
    expect(third.context.node.state).toBe('ok');
    expect([...one.log, ...two.log, ...three.log].filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('warns when the leader assigned it partitions of another topic', async () => {
    const [ticks, news] = [randomName(), randomName()];
    await using view = await KafkaView.open(brokers);
    await view.makeTopic(ticks, 2);
    const group = randomName();
    const leader = await view.join(group, ticks, 'RoundRobinAssigner');
    await using process = await KafkaProcess.on(brokers, { topic: news, partitions: 2 });
    const context = process.context();
    context.node.is('ok');
    const open = await process.openSource({ group }, context);
    await eventually('it is not ready', async () => context.node.state === 'retrying');
    const text = `ticks: group ${group} assigned partitions of ${ticks} to this member, which does not read them`;
    expect(context.node.reason).toContain(text);
    expect(process.log.find(({ level }) => level === 'error')?.text).toContain(text);
    await leader.leave();
    await balanced([open], [2]);
    await eventually('it is well', async () => context.node.state === 'ok');
  });

  it('loses nothing and keeps positions rising while members come and go', async () => {
    const topic = randomName();
    const total = 3000;
    await using producer = await KafkaProcess.on(brokers, { topic, partitions: 6 });
    const sink = await producer.openSink();
    const writing = (async () => {
      for (let from = 0; from < total; from += 100) {
        await sink.write(numbered(from, from + 100, '*'), never);
        await systemClock.sleep(100);
      }
    })();
    const processes: KafkaProcess[] = [];
    const readers: Reader[] = [];
    const join = async () => {
      const process = await KafkaProcess.on(brokers, { topic, partitions: 6 });
      const source = process.source({ batch: 20 });
      await source.connect(never);
      processes.push(process);
      readers.push(new Reader(source, 20));
    };
    await join();
    await join();
    await systemClock.sleep(500);
    await join();
    await processes[0]?.[Symbol.asyncDispose]();
    await systemClock.sleep(500);
    await join();
    await processes[1]?.[Symbol.asyncDispose]();
    await writing;
    await eventually('every message', async () => new Set(readers.flatMap(({ values }) => values)).size === total);
    expect(readers.flatMap(({ errors }) => errors)).toEqual([]);
    for (const { commits } of readers)
      for (let partition = 0; partition < 6; partition++) {
        const positions = commits.filter((each) => each.partition === partition).map(({ position }) => position);
        expect(positions).toEqual([...positions].sort((a, b) => a - b));
      }
    for (const process of processes) await process[Symbol.asyncDispose]();
    // Whoever comes next reads again what the last of them had not committed, and nothing is left then.
    await using last = await KafkaProcess.on(brokers, { topic, partitions: 6 });
    const source = last.source({ batch: 20 });
    await source.connect(never);
    readers.push(new Reader(source, 20));
    await eventually('everything committed', async () => source.lag?.() === 0);
  });

  it('keeps reading the other partitions while one is not read, and keeps its membership', async () => {
    await using process = await KafkaProcess.on(brokers, { partitions: 2 });
    await process.append(numbered(0, 20, '*'));
    const messages = await browse(process);
    const [key, other] = [0, 1].map(
      (partition) => messages.find(({ meta }) => meta.partition === partition)?.key ?? '',
    );
    await process.append([...numbered(0, 4000, key), ...numbered(0, 4000, other)]);
    const open = await process.openSource();
    // Longer than a session: only the signs of life keep the member in.
    const end = performance.now() + 12_000;
    const busy = laneOf(open, 0);
    for (let from = 4000; performance.now() < end; from += 10) {
      await readFrom(busy, from === 4000 ? 4000 : 10, true);
      await process.append(numbered(from, from + 10, key));
      await systemClock.sleep(200);
    }
    expect(open.lanes).toHaveLength(2);
    expect(alive(open)).toHaveLength(2);
    expect(await readFrom(laneOf(open, 1), 4000, true)).toHaveLength(4000);
  });

  it('refuses the commit of a member that slept while another took its place, which reads it again', async () => {
    const topic = randomName();
    // Asleep: time stands still for it, so it shows no sign of life.
    let asleep = false;
    const clock = {
      ...systemClock,
      timer: (ms: number, fn: () => void) => systemClock.timer(ms, () => (asleep ? undefined : fn())),
    };
    clock.sleep = (ms, signal) => woken(signal, (wake) => clock.timer(ms, wake));
    await using sleeper = await KafkaProcess.on(brokers, { topic, partitions: 1 }, clock);
    await sleeper.append(numbered(0, 10));
    const zombie = await sleeper.openSource();
    const lane = laneOf(zombie, 0);
    await readFrom(lane, 10);
    await lane.group?.commit(2);
    asleep = true;
    await using awake = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    const taken = await awake.openSource();
    await eventually('the partition is taken over', async () => alive(taken).length === 1);
    expect(lane.signal.aborted).toBe(false);
    await expect(lane.group?.commit(9)).rejects.toMatchObject({ code: 'FDP_LEASE_LOST', fault: 'transient' });
    expect((await readFrom(laneOf(taken, 0), 8)).map(({ meta }) => meta.offset)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
    asleep = false;
  });

  it('is in standby with fewer partitions than members', async () => {
    const topic = randomName();
    await using first = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    await using second = await KafkaProcess.on(brokers, { topic, partitions: 1 });
    const opens = [await first.openSource(), await second.openSource()];
    const states = () => opens.map(({ context }) => context.node.state);
    for (const { context } of opens) context.node.is('ok');
    await eventually('one stands by', async () => states().includes('standby') && states().includes('ok'));
    const working = opens[states().indexOf('ok')];
    const idle = opens[states().indexOf('standby')];
    await working?.source.close();
    await eventually('it takes over', async () => idle?.context.node.state === 'ok' && alive(idle).length === 1);
  });
});
