import type { ConnectorPlan, Plan } from '../engine/plan.ts';
import { Runtime } from '../engine/runtime.ts';
import type { Connector } from '../kit/connector.ts';
import type { ConnectorContext, ConnectorDeclaration } from '../kit/declaration.ts';
import type { Message } from '../kit/message.ts';
import { Life } from './life.ts';
import type { TapeEntry } from './tape.ts';
import { VirtualClock } from './virtual-clock.ts';

const limits = { laneBatches: 2, laneBytes: 1e6, topologyBatches: 2, topologyBytes: 1e6 };

/**
 * What a source that ends gives, each message with the virtual time at which it comes.
 * @throws FDP_... what the source throws
 */
export async function recordSource(source: ConnectorPlan, seed: number): Promise<readonly TapeEntry[]> {
  const clock = new VirtualClock();
  const tape: TapeEntry[] = [];
  const record = ({ key, value }: Message) => tape.push({ atMs: clock.monotonic(), key, content: { value } });
  const life = new Life(clock, seed);
  const { ended } = begun(planOf(source, recorder(record)), life);
  await clock.until(ended);
  return tape;
}

function begun(plan: Plan, { environment }: Life) {
  const runtime = new Runtime(plan, environment);
  return { runtime, ended: runtime.run() };
}

function recorder(record: (message: Message) => void): ConnectorPlan {
  const nothing = async () => {};
  const create = async (): Promise<Connector> => ({
    sink: () => ({
      ordered: true,
      connect: nothing,
      close: nothing,
      write: async (messages) => {
        for (const message of messages) record(message);
        return {};
      },
    }),
    close: nothing,
  });
  return { name: 'tape', declaration: { type: 'tape', summary: '', options: {}, example: '', create }, options: {} };
}

function planOf({ name, declaration, options }: ConnectorPlan, tape: ConnectorPlan): Plan {
  const create: ConnectorDeclaration['create'] = (given, context: ConnectorContext) =>
    context.clock.outside(declaration.create(given, context));
  const branch = {
    name: tape.name,
    connector: tape.name,
    usage: {},
    operators: [],
    input: 'rows',
    after: undefined,
    bestEffort: false,
  } as const;
  return {
    name: 'record',
    settings: { shutdownMs: 5000, writeTimeoutMs: 15_000, limits },
    connectors: new Map([
      [name, { name, declaration: { ...declaration, create }, options }],
      [tape.name, tape],
    ]),
    topologies: [
      {
        name: 'record',
        description: '',
        deadLetter: undefined,
        source: { connector: name, usage: {} },
        operators: [],
        routes: [],
        branches: [branch],
      },
    ],
  };
}
