import { type RunResult, Runtime } from '../../../src/engine/runtime.ts';
import type { Message } from '../../../src/kit/message.ts';
import type { TopologySnapshot } from '../../../src/kit/snapshot.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { connectorOf, planOf, WorldLog, type WorldPlan, WorldSink } from './world.ts';

/** The keys of `numbered` messages, used in turn. */
export const keys = ['A', 'B', 'C'];

/** Values with an `id` and one of the keys. */
export function numbered(count: number, from = 0): { id: number; key: string }[] {
  return Array.from({ length: count }, (_unused, id) => ({ id: from + id, key: keys[id % keys.length] as string }));
}

/** The `id`s of numbered messages. */
export function idsOf(messages: readonly Message[]): number[] {
  return messages.map((message) => (message.value as { id: number }).id);
}

/** A topology `test` from a log to `sink`, with the dead letter `letters`, on its own clock. */
export class World {
  readonly clock = new VirtualClock();
  readonly environment = testEnvironment(this.clock);
  readonly log: WorldLog;
  readonly sink = new WorldSink();
  readonly letters = new WorldSink();

  constructor(...partitions: readonly unknown[][]) {
    this.log = new WorldLog(this.clock, partitions);
  }

  start(more: Partial<WorldPlan> = {}): { runtime: Runtime; ended: Promise<RunResult> } {
    const connectors = {
      log: connectorOf({ source: () => this.log.source() }),
      sink: connectorOf({ sink: () => this.sink.sink() }),
      letters: connectorOf({ sink: () => this.letters.sink() }),
      ...more.connectors,
    };
    const plan = planOf({ source: 'log', sinks: ['sink'], deadLetter: 'letters', ...more, connectors });
    const runtime = new Runtime(plan, this.environment);
    return { runtime, ended: runtime.run() };
  }

  async runToEnd(more: Partial<WorldPlan> = {}): Promise<{ result: RunResult; snapshot: TopologySnapshot }> {
    const { runtime, ended } = this.start(more);
    const result = await this.clock.until(ended);
    return { result, snapshot: snapshotOf(runtime) };
  }
}

/** The snapshot of the only topology. */
export function snapshotOf(runtime: Runtime): TopologySnapshot {
  return runtime.snapshot()[0] as TopologySnapshot;
}

/** True if the counters of the topology and of every node account for every message. */
export function isConserved(snapshot: TopologySnapshot): boolean {
  const { read, delivered, filtered, rejected, released, inFlight, nodes } = snapshot;
  return (
    read === delivered + filtered + rejected + released + inFlight &&
    nodes.every(
      (node) => node.in + node.made === node.out + node.filtered + node.rejected + node.released + node.inFlight,
    )
  );
}
