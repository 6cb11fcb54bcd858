import { describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { reconcile } from '../../connectors/reconcile/index.ts';
import { tcp } from '../../connectors/tcp/index.ts';
import { seededChance } from '../../src/kit/chance.ts';
import type { ConnectorDeclaration } from '../../src/kit/declaration.ts';
import { toMessage } from '../../src/kit/message.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import { contentOf } from '../../src/simulate/contents.ts';
import { Cut, faultySink } from '../../src/simulate/faults.ts';
import { createMemorySpace } from '../../src/simulate/memory/space.ts';
import { PushedInput } from '../../src/simulate/pushed-input.ts';
import { RequestInput } from '../../src/simulate/request-input.ts';
import { type Twin, twinOf } from '../../src/simulate/twins.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { sinkContract } from '../../src/testing/sink-contract.ts';
import { sourceContract } from '../../src/testing/source-contract.ts';

const meta = { lane: 'feed' };

async function made(declaration: ConnectorDeclaration, options: unknown = {}) {
  const clock = new VirtualClock();
  const environment = testEnvironment(clock);
  const input = new PushedInput();
  const parts = { input, requests: new RequestInput(), sinceReady: () => 0, space: () => createMemorySpace() };
  const { twin, plan } = twinOf({ name: 'feed', declaration, options }, parts);
  const connector = await plan.declaration.create(options, { ...environment, name: 'feed' });
  return { clock, input, twin, connector, context: roleContext(environment) };
}

const keptBy = (twin: Twin) => ('kept' in twin ? contentOf(twin) : []);

/** A role as a run has it: with what may go wrong around it. */
const around = (context: RoleContext) => ({
  context,
  faults: [],
  chance: seededChance(1),
  sinceReady: () => 0,
  stored: () => {},
});

describe('the twin of messages as a sink', () => {
  const checks = sinkContract(async () => {
    const { clock, twin, connector, context } = await made(tcp);
    const message = (value: unknown, key: string) => toMessage({ key, value, timestamp: 0, meta }, undefined);
    return {
      clock,
      sink: faultySink(connector.sink?.({}, context) as never, around(context)),
      message: (number) => message({ number }, `${number}`),
      refused: (number) => message({ number: BigInt(number) }, `${number}`),
      stored: async () => keptBy(twin).map((value) => (value as { number: number }).number),
    };
  });
  for (const { title, run } of checks) it(title, run);
});

describe('the twin of messages as a source', () => {
  const checks = sourceContract(async () => {
    const { clock, input, connector, context } = await made(tcp);
    let given = 0;
    return {
      clock,
      node: context.node,
      source: new Cut().over(connector.source?.({}, context) as never),
      give: async (count) => {
        for (let left = count; left > 0; left--)
          input.push({ key: null, value: given++, timestamp: clock.now(), meta });
      },
      numberOf: ({ value }) => Number(value),
    };
  });
  for (const { title, run } of checks) it(title, run);
});

describe('twins', () => {
  it('are of the kind that the connector declares', async () => {
    const kinds = connectors.flatMap((declaration) => {
      const options = { topic: 't', partitions: 1, path: 'p', brokers: 'b:1', fields: { a: 'string' } };
      const parts = {
        input: new PushedInput(),
        requests: new RequestInput(),
        sinceReady: () => 0,
        space: () => createMemorySpace(),
      };
      return [[declaration.twin, twinOf({ name: 'c', declaration, options }, parts).twin.kind] as const];
    });
    expect(kinds.length).toBe(connectors.length);
    for (const [declared, kind] of kinds) expect(kind).toBe(declared);
  });

  it('are missing with the name of the connector and its type', async () => {
    const { twin: _twin, ...twinless } = reconcile;
    await expect(made(twinless)).rejects.toThrow('feed: connectors of type reconcile have no twin in memory');
  });

  it('of requests answer by route, and refuse what no process takes', async () => {
    const requests = new RequestInput();
    requests.ask('GET /a');
    expect(requests.replies).toEqual([{ request: 'GET /a', code: 'FDP_UNAVAILABLE' }]);
  });
});
