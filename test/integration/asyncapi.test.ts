import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectors } from '../../connectors/index.ts';
import { asyncApi } from '../../connectors/rest/asyncapi.ts';
import { operators } from '../../operators/index.ts';
import { Runtime } from '../../src/engine/runtime.ts';
import { channelsOf } from '../../src/pipeline/give/channels.ts';
import { resolve } from '../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../src/pipeline/read.ts';
import { testEnvironment } from '../../src/testing/environment.ts';
import { pipelineCopy } from '../support/cli/pipeline-copy.ts';
import { freePort, temporaryFolder } from '../support/cli/platform.ts';
import { logOf } from '../support/cli/stored.ts';
import { ask } from '../support/sockets/rest.ts';
import { dial, received, until } from '../support/sockets/sockets.ts';
import { EventClient } from '../support/sockets/sse.ts';

type Json = Readonly<Record<string, unknown>>;
interface Reference {
  readonly $ref: string;
}
interface Document {
  readonly asyncapi: string;
  readonly servers: Readonly<Record<string, Json>>;
  readonly channels: Readonly<Record<string, { readonly address: string | null; readonly messages: Json }>>;
  readonly operations: Readonly<Record<string, { readonly messages: readonly Reference[] }>>;
  readonly components: {
    readonly messages: Readonly<
      Record<string, { readonly payload: object; readonly examples: readonly { payload: Json }[] }>
    >;
  };
}

const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
const mock = 'mock: { type: mock, symbols: *symbols, rate: 50/s, seed: 42 }';
/** A feed with all kinds of messages: a rejected symbol, and gaps. */
const hostile =
  'mock: { type: mock, symbols: [AAPL, "B\\u0001D"], rate: 50/s, seed: 42, away: { every: 1s, for: 200ms } }';

/** Every field within a value, with its JSON type: `symbols[].price: number`. */
function fieldsIn(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((each) => fieldsIn(each, `${path}[]`));
  if (typeof value !== 'object' || value === null) return [`${path}: ${typeof value}`];
  return Object.entries(value).flatMap(([name, each]) => fieldsIn(each, `${path}.${name}`));
}

/** The official schema, which contains the meta-schema. */
function officialCheck() {
  const official = new Ajv({ strict: false, validateFormats: false, meta: false, validateSchema: false });
  return official.compile(specs.schemas['3.0.0'] as object);
}

describe('the document of the profile cluster', () => {
  const components = { connectors, operators };
  const env = { KAFKA_BROKERS: 'kafka.internal:9092', MONGODB_URL: 'mongodb://me:hidden@db.internal' };
  const spec = readSpec({ pipelinePath: 'pipeline.yml', profile: 'cluster', env, components });
  const document = JSON.parse(
    JSON.stringify(asyncApi({ version: '1', channels: channelsOf(spec), events: undefined })),
  );

  it('is valid AsyncAPI 3.0, and has no address of a server that is not for everybody', () => {
    const fits = officialCheck();
    fits(document);
    expect(fits.errors).toBeNull();
    const { ticks, ...others } = document.channels;
    const wrong = { ...ticks, bindings: { kafka: { partitions: 'six', bindingVersion: '0.5.0' } } };
    expect(fits({ ...document, channels: { ...others, ticks: wrong } })).toBe(false);
    expect(JSON.stringify(document)).not.toMatch(/internal|hidden/);
  });

  it('names the topics on Kafka, with their partitions and the key of each kind of record', () => {
    const kafka = ({ bindings }: { bindings?: { kafka?: Json } }) => bindings?.kafka;
    expect(document.servers.ticks.protocol).toBe('kafka');
    expect(Object.entries(document.channels).map(([name, channel]) => [name, kafka(channel as Json)])).toEqual([
      ['ticks', { topic: 'raw_stock_ticks', partitions: 6, bindingVersion: '0.5.0' }],
      ['vwap_feed', undefined],
      ['rejected', { topic: 'raw_stock_ticks.rejected', partitions: 6, bindingVersion: '0.5.0' }],
    ]);
    const { messages } = document.components;
    const keys = Object.keys(messages).map((name) => [name, (kafka(messages[name])?.['key'] as Json)?.['type']]);
    expect(Object.fromEntries(keys)).toEqual({
      ...{ 'ticks.trades': 'string', 'ticks.gap': 'string', 'vwap_feed.line': undefined },
      'rejected.deadLetter': ['string', 'null'],
    });
  });
});

describe('the AsyncAPI document of the shipped pipeline', () => {
  const folder = temporaryFolder();
  const environment = testEnvironment();
  let runtime: Runtime;
  let ended: Promise<unknown>;
  let ports: readonly [api: number, tcp: number];
  let document: Document;

  beforeAll(async () => {
    ports = [await freePort(), await freePort()];
    const env = { FDP_DATA: folder.path, API_PORT: String(ports[0]), TCP_PORT: String(ports[1]) };
    const pipelinePath = pipelineCopy(folder.path, [mock, hostile]);
    const spec = readSpec({ pipelinePath, profile: 'embedded', env, components: { connectors, operators } });
    const { plan, problems } = resolve(spec);
    expect(problems).toEqual([]);
    if (!plan) throw new Error('no plan');
    runtime = new Runtime(plan, environment);
    ended = runtime.run();
    const isListening = (server: string) =>
      environment.log.lines.some(({ text }) => text.startsWith(`${server}: listening`));
    await until(() => ['http', 'vwap_feed'].every(isListening));
    document = JSON.parse((await ask(ports[0], '/asyncapi.json')).text);
  });

  afterAll(async () => {
    runtime.drain();
    await ended;
    folder[Symbol.dispose]();
  });

  it('is valid AsyncAPI 3.0 by its official schema', () => {
    const fits = officialCheck();
    fits(document);
    expect(fits.errors).toBeNull();
    expect(fits({ ...document, channels: { x: { address: 5 } } })).toBe(false);
  });

  it('names the topics, the feed over TCP and the events of the page', () => {
    expect(Object.entries(document.channels).map(([name, { address }]) => [name, address])).toEqual([
      ['ticks', 'raw_stock_ticks'],
      ['vwap_feed', null],
      ['rejected', 'raw_stock_ticks.rejected'],
      ['events', '/api/v1/stream'],
    ]);
    expect(document.servers['vwap_feed']).toEqual({ host: `127.0.0.1:${ports[1]}`, protocol: 'tcp' });
    expect(JSON.stringify(document)).not.toContain(folder.path);
  });

  it('is complete: every reference resolves, and every example fits its schema', () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, path = '']) => path);
    expect(references.length).toBeGreaterThan(10);
    for (const path of references) {
      const found = path.split('/').reduce<unknown>((value, key) => (value as Json)?.[key], document);
      expect([path, found]).toEqual([path, expect.any(Object)]);
    }
    for (const [name, { payload, examples }] of Object.entries(document.components.messages))
      for (const example of examples)
        expect([name, ajv.validate(payload, example.payload), ajv.errors]).toEqual([name, true, null]);
  });

  it('matches every message that is received, and has the fields of each example', async () => {
    const [socket, events] = [await dial(ports[1]), await EventClient.open(ports[0])];
    const feed = received(socket);
    const topic = (name: string) => logOf(folder.path, name).map(({ value }) => JSON.parse(value) as Json);
    const all = () => {
      const ticks = topic('raw_stock_ticks');
      return {
        'ticks.trades': ticks.filter(({ type }) => type !== 'gap'),
        'ticks.gap': ticks.filter(({ type }) => type === 'gap'),
        'vwap_feed.line': feed.lines.map((line) => JSON.parse(line) as Json),
        'rejected.deadLetter': topic('raw_stock_ticks.rejected'),
        'events.prices': events.prices.filter(({ symbols }) => symbols.length > 0) as unknown as readonly Json[],
        'events.status': events.statuses as unknown as readonly Json[],
      };
    };
    // Which fields a price has depends on what was traded since the one before: no message need have all of them.
    const looksLike = (messages: readonly Json[], name: string) => {
      const received = new Set(messages.flatMap((message) => fieldsIn(message)));
      const examples = document.components.messages[name]?.examples.map(({ payload }) => payload) ?? [];
      return name === 'events.status' || fieldsIn(examples).every((field) => received.has(field.replace('[]', '')));
    };
    await until(() => Object.entries(all()).every(([name, each]) => each.length > 1 && looksLike(each, name)));
    const seen = all();
    expect(Object.keys(document.components.messages).sort()).toEqual(Object.keys(seen).sort());
    for (const [name, messages] of Object.entries(seen)) {
      const fits = ajv.compile(document.components.messages[name]?.payload ?? {});
      for (const message of messages) {
        fits(message);
        expect([name, fits.errors, message]).toEqual([name, null, message]);
      }
    }
    socket.destroy();
    await events.close();
  });
});
