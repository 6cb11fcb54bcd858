import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { connectors } from '../connectors/index.ts';
import { operators } from '../operators/index.ts';
import { validate } from '../src/cli/validate.ts';
import {
  type ComposeFile,
  environmentOf,
  filled,
  readCompose,
  type Service,
  variablesOf,
} from './support/containers/compose.ts';
import { execForm, imageEnvironment, lastStage } from './support/containers/dockerfile.ts';
import { folderWith } from './support/pipeline/spec.ts';

const textOf = (name: string): string => readFileSync(name, 'utf8');
const here = readCompose(textOf('docker-compose.yml'));
const split = readCompose(textOf('docker-compose.prod.yml'));
const dockerfile = textOf('Dockerfile');
const guide = textOf('docs/deploy.md');
const ourTopologies = ['ingestor', 'processor', 'candles', 'analytics', 'api'];
const stores = ['kafka', 'mongodb'];
/** What the owner of the split set-up has to set, by the guide. */
const setForSplit = { FDP_IMAGE: 'user/fdp:1', MONGODB_URL: 'mongodb+srv://fdp:pw@cluster0.abcde.mongodb.net' };

function servicesOf({ services }: ComposeFile): readonly (readonly [string, Service])[] {
  return Object.entries(services);
}

function oursIn(file: ComposeFile): readonly (readonly [string, Service])[] {
  return servicesOf(file).filter(([name]) => !stores.includes(name));
}

/** What `fdp` says in a container of this service. */
function validated(service: Service, env: Readonly<Record<string, string>>): { text: string; exitCode: number } {
  const [flag, topology = ''] = service.command ?? [];
  expect(flag).toBe('--topology');
  return validate({
    pipelinePath: 'pipeline.yml',
    env: { ...imageEnvironment(dockerfile), ...environmentOf(service, env) },
    components: { connectors, operators },
    topologies: topology.split(','),
    folder: process.cwd(),
  });
}

describe.each([
  ['docker-compose.yml', here, {}],
  ['docker-compose.prod.yml', split, { ...setForSplit, FINNHUB_TOKEN: 'key' }],
] as const)('%s', (name, { file, problems }, env) => {
  it('conforms to the Compose specification, without YAML warnings', () => {
    expect(problems).toEqual([]);
  });

  it('has one image for our services, and a topology for each', () => {
    const ours = oursIn(file);

    expect(ours.map(([service]) => service).sort()).toEqual([...ourTopologies].sort());
    expect(new Set(ours.map(([, { image }]) => image)).size).toBe(1);
    for (const [service, { command }] of ours) expect(command?.join(' ').split(',')[0]).toBe(`--topology ${service}`);
  });

  it('scales without an edit: no service has a name of its own, and the processor no port', () => {
    for (const [, service] of servicesOf(file)) expect(service.container_name).toBeUndefined();
    expect(file.services['processor']?.ports).toBeUndefined();
    expect(file.services['processor']?.volumes?.filter((volume) => !volume.endsWith(':ro')) ?? []).toEqual([]);
  });

  it('publishes the API and the feed, and no port of a store', () => {
    const published = servicesOf(file).filter(([, { ports }]) => ports);

    expect(published.map(([service]) => service).sort()).toEqual(['analytics', 'api']);
    expect(file.services['api']?.ports?.map((port) => filled(port, env).split(':').at(-1))).toEqual(['8000']);
    expect(file.services['analytics']?.ports?.map((port) => filled(port, env).split(':').at(-1))).toEqual(['8888']);
  });

  it('starts in order: a store is healthy before what needs it', () => {
    for (const [, { depends_on = {} }] of servicesOf(file))
      for (const [needed, { condition }] of Object.entries(depends_on)) {
        expect(condition).toBe('service_healthy');
        expect(file.services[needed]?.healthcheck?.test[0]).toBe('CMD');
      }
    for (const service of ['ingestor', 'processor', 'candles', 'analytics'])
      expect(Object.keys(file.services[service]?.depends_on ?? {})).toContain('kafka');
  });

  it('has a health check for every service', () => {
    const own = servicesOf(file).filter(([, { healthcheck }]) => healthcheck);

    expect(own.map(([service]) => service)).toEqual(stores.filter((store) => store in file.services));
    expect(execForm(dockerfile, 'HEALTHCHECK')).not.toEqual([]);
  });

  it('writes to named volumes only, ours where the image has a folder of its user', () => {
    const named = Object.keys(file.volumes ?? {});
    const made = lastStage(dockerfile).find(({ rest }) => /^mkdir data && chown node:node data$/.test(rest));
    for (const [, { volumes = [] }] of servicesOf(file))
      for (const volume of volumes) {
        const [source = '', , mode] = volume.split(':');
        if (mode !== 'ro') expect(named).toContain(source);
      }
    expect(named).toEqual(['buffer', ...stores.filter((store) => store in file.services)]);
    expect(made).toBeDefined();
    expect(file.services['ingestor']?.volumes).toContain(`buffer:${imageEnvironment(dockerfile)['FDP_DATA']}`);
    for (const [, service] of oursIn(file)) expect(service.read_only).toBe(true);
  });

  it('gives what is read-only a folder for what is temporary, and its data folder', () => {
    const data = imageEnvironment(dockerfile)['FDP_DATA'];
    for (const [, { tmpfs = [], volumes = [] }] of oursIn(file)) {
      const writable = [...tmpfs.map((path) => path.split(':')[0]), ...volumes.map((path) => path.split(':')[1])];
      expect(writable).toEqual(expect.arrayContaining(['/tmp', data]));
      for (const path of tmpfs) expect(path).toMatch(/^(\/tmp:size=\d+m|.*:size=\d+m,uid=1000,gid=1000)$/); // a mode is overridden by older runc
    }
  });

  it('leaves no volume without a name: every one that an image declares has a name, or is in memory', () => {
    const declared: Readonly<Record<string, readonly string[]>> = {
      kafka: ['/var/lib/kafka/data', '/etc/kafka/secrets', '/mnt/shared/config'],
      mongodb: ['/data/db', '/data/configdb'],
    };
    for (const [store, { tmpfs = [], volumes = [] }] of servicesOf(file).filter(([name]) => stores.includes(name))) {
      const mounted = [...tmpfs, ...volumes.map((volume) => volume.split(':')[1])];
      expect(declared[store]?.filter((path) => !mounted.includes(path))).toEqual([]);
    }
  });

  it('checks a store without starting a program that takes a second', () => {
    for (const store of stores.filter((name) => name in file.services))
      expect(['nc', 'bash']).toContain(file.services[store]?.healthcheck?.test[1]);
  });

  it('lets a drain finish before a container is killed', () => {
    for (const [, { init, stop_grace_period }] of oursIn(file))
      expect({ init, stop_grace_period }).toEqual({ init: true, stop_grace_period: '15s' });
  });

  it('takes only variables that the guide explains', () => {
    const documented = new Set([...guide.matchAll(/`([A-Z_]+)`/g)].map(([, variable]) => variable));
    const variables = variablesOf(textOf(name), file);

    expect(variables).not.toEqual([]);
    expect(variables.filter((variable) => !documented.has(variable))).toEqual([]);
  });

  it.each(ourTopologies)('gives %s all that its part of the pipeline needs', (topology) => {
    const service = file.services[topology];
    expect(service).toBeDefined();
    if (!service) return;

    expect(validated(service, env)).toEqual({
      text: expect.stringContaining(`profile cluster; starts ${service.command?.[1]?.replaceAll(',', ', ')};`),
      exitCode: 0,
    });
  });
});

describe('docker-compose.yml alone', () => {
  it('needs nothing to be set, and builds the image once', () => {
    expect(() => filled(textOf('docker-compose.yml'), {})).not.toThrow();
    expect(servicesOf(here.file).filter(([, { build }]) => build)).toHaveLength(1);
    const policies = (env: Readonly<Record<string, string>>) =>
      new Set(oursIn(here.file).map(([, { pull_policy = '' }]) => filled(pull_policy, env)));
    expect(policies({})).toEqual(new Set(['never'])); // nobody has `fdp:local` to be pulled
    expect(policies({ FDP_PULL: 'missing' })).toEqual(new Set(['missing']));
  });

  it('is reachable from this machine only, unless configured otherwise', () => {
    for (const [, { ports = [] }] of oursIn(here.file))
      for (const port of ports) {
        expect(filled(port, {})).toMatch(/^127\.0\.0\.1:/);
        expect(filled(port, { FDP_PUBLISH: '0.0.0.0' })).toMatch(/^0\.0\.0\.0:/);
      }
  });

  it('answers requests for this machine alone, though it listens to all: Host is checked', () => {
    const { api } = here.file.services;
    if (!api) throw new Error('there is no api');
    const container = { ...imageEnvironment(dockerfile), ...environmentOf(api, {}) };
    expect(container).toMatchObject({ API_HOST: '0.0.0.0', API_HOSTS: 'localhost' });
    expect(environmentOf(api, { API_HOSTS: 'fdp.example' })).toMatchObject({ API_HOSTS: 'fdp.example' });
  });

  it('serves the live page with the feed of the other container', () => {
    const { api } = here.file.services;
    expect(api?.command).toEqual(['--topology', 'api,live']);
    expect(api?.environment).toMatchObject({ API_UI: 'true', VWAP_FEED: 'analytics:8888' });
    expect(split.file.services['api']?.command).toEqual(['--topology', 'api']);
  });

  it('feeds from the market only with a key', () => {
    const { ingestor } = here.file.services;
    if (!ingestor) throw new Error('there is no ingestor');
    const secrets = folderWith({ token: 'key\n' });

    expect(validated(ingestor, { FDP_FEED: 'finnhub' }).text).toContain('FINNHUB_TOKEN is not set');
    expect(validated(ingestor, { FDP_FEED: 'finnhub', FINNHUB_TOKEN: 'key' }).exitCode).toBe(0);
    expect(validated(ingestor, { FDP_FEED: 'finnhub', FINNHUB_TOKEN_FILE: join(secrets, 'token') }).exitCode).toBe(0);
  });
});

describe('docker-compose.prod.yml alone', () => {
  it('pulls a named image, and refuses to start without its name', () => {
    expect(servicesOf(split.file).filter(([, { build }]) => build)).toEqual([]);
    expect(() => filled(split.file.services['api']?.image ?? '', {})).toThrow('FDP_IMAGE');
  });

  it('has the API alone, with limited memory, in one profile, and the pipeline in the other', () => {
    const inProfile = (profile: string) =>
      servicesOf(split.file)
        .filter(([, { profiles }]) => profiles?.includes(profile))
        .map(([service]) => service);

    expect(inProfile('api')).toEqual(['api']);
    expect(inProfile('pipeline').sort()).toEqual(['analytics', 'candles', 'ingestor', 'kafka', 'processor']);
    expect(split.file.services['api']?.mem_limit).toMatch(/^\d+m$/);
    expect(split.file.services['api']?.depends_on).toBeUndefined();
  });

  it('runs Kafka as docker-compose.yml does', () => {
    const { profiles: _, ...kafka } = split.file.services['kafka'] ?? { image: '' };

    expect(kafka).toEqual(here.file.services['kafka']);
  });

  it('takes the address of the store, with its password, from a file as well', () => {
    for (const [, { environment = {}, volumes = [] }] of oursIn(split.file)) {
      expect(environment).toMatchObject({ MONGODB_URL: null, MONGODB_URL_FILE: null });
      expect(volumes).toContain('./secrets:/run/secrets:ro');
    }
  });
});
