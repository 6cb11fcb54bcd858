import { concat, concatMap, NEVER, type Observable, of, pipe, tap } from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { OperatorPlan } from '../../../src/engine/plan.ts';
import { Runtime } from '../../../src/engine/runtime.ts';
import { lookup } from '../../../src/kit/operator.ts';
import type { Lane, Source } from '../../../src/kit/source.ts';
import { snapshotOf, World } from '../../support/engine/engine-world.ts';
import { connectorOf, operatorPlan, planOf } from '../../support/engine/world.ts';

describe('a request', () => {
  const route = 'GET /';

  /** A lane with one request; its answers go to `answers`. */
  function ask(name: string, answers: string[]): Lane {
    const abort = new AbortController();
    let read = false;
    const say = (text: string) => {
      if (!answers.some((answer) => answer.startsWith(name))) answers.push(`${name} ${text}`);
    };
    return {
      id: name,
      signal: abort.signal,
      chain: route,
      request: {
        path: '/',
        query: '',
        respond: () => say('answered'),
        fail: (error) => say(error.code),
        stop: (error) => {
          say(error.code);
          abort.abort();
        },
      },
      read: async () => {
        if (read) return undefined;
        read = true;
        return { messages: [{ key: null, value: { name }, timestamp: 0, meta: { lane: 'http' } }], bytes: 1 };
      },
    };
  }

  /** A platform whose one route asks `operator`. */
  function answering(world: World, lanes: Observable<Lane>, operator: OperatorPlan): Runtime {
    const source: Source = { replayable: false, connect: async () => {}, close: async () => {}, lanes };
    const connectors = { http: connectorOf({ source: () => source }) };
    const given = planOf({ connectors, source: 'http', sinks: [] });
    const routes = [{ route, parameters: [], reply: {}, operators: [operator] }];
    return new Runtime(
      { ...given, topologies: given.topologies.map((each) => ({ ...each, routes })) },
      world.environment,
    );
  }

  it('that an operator fails on gets a reply, and the others continue', async () => {
    const world = new World([]);
    const answers: string[] = [];
    const operator = operatorPlan(() =>
      concatMap(async (batch) => {
        if (batch.lane.id === 'first') throw new Error('a bug');
        batch.lane.request?.respond([]);
        return batch;
      }),
    );
    const runtime = answering(world, of(ask('first', answers), ask('second', answers)), operator);
    expect((await world.clock.until(runtime.run())).exitCode).toBe(0);
    expect(answers.sort()).toEqual(['first FDP_INTERNAL', 'second answered']);
    expect(snapshotOf(runtime)).toMatchObject({ read: 2, inFlight: 0, restarts: 0 });
  });

  it('that is under way when the stop is forced is refused, not answered with nothing', async () => {
    const world = new World([]);
    const answers: string[] = [];
    const operator = operatorPlan((_options, context) =>
      pipe(
        lookup(context, () => new Promise(() => {}), { timeoutMs: 60_000 }),
        tap((batch) => batch.lane.request?.respond(batch.messages)),
      ),
    );
    const runtime = answering(world, concat(of(ask('first', answers)), NEVER), operator);
    const ended = runtime.run();
    await world.clock.advance(1000);
    expect(snapshotOf(runtime)).toMatchObject({ inFlight: 1 });
    runtime.force();
    expect((await world.clock.until(ended)).exitCode).toBe(3);
    expect(answers).toEqual(['first FDP_UNAVAILABLE']);
    expect(snapshotOf(runtime)).toMatchObject({ read: 1, released: 1, inFlight: 0 });
  });
});
