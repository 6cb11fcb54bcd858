import type { MongoClient, MongoClientOptions, TopologyDescription } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import { type Clock, endedWithin, unlessAborted } from '../../src/kit/clock.ts';
import type { Environment } from '../../src/kit/environment.ts';
import type { Asker } from './errors.ts';
import { mongoError, unavailable } from './errors.ts';
import { replicaSetProblem } from './replica-set.ts';

export interface MongoTarget extends Asker {
  readonly url: string;
  readonly collection: string;
  readonly tls: { readonly ca?: string; readonly cert_and_key?: string } | undefined;
}

/** A query fails when no server has been available for this long, ms. */
const patienceMs = 1000;
/** How long the driver may take to close, ms. */
const leaveMs = 1000;

/**
 * The driver's defaults, unless the connection string says otherwise: it notices within a second or two that a
 * server is unavailable, so that a request fails well before its own time limit.
 */
const defaults = {
  serverSelectionTimeoutMS: 2000,
  connectTimeoutMS: 2000,
  heartbeatFrequencyMS: 1000,
  socketTimeoutMS: 20_000,
  waitQueueTimeoutMS: 5000,
  maxPoolSize: 20,
  appName: 'fdp',
} as const satisfies MongoClientOptions;

/** The open clients per clock, by connection string: tests on virtual clocks don't share them. */
const openClients = new WeakMap<Clock, Map<string, SharedClient>>();

/** The client of a server, one per process, shared by all callers; each `acquireClient` needs one `release`. */
export function acquireClient(target: MongoTarget, environment: Environment): SharedClient {
  const clients = openClients.get(environment.clock) ?? new Map<string, SharedClient>();
  openClients.set(environment.clock, clients);
  const key = JSON.stringify([target.url, target.tls]);
  const client = clients.get(key) ?? new SharedClient(target, environment, () => clients.delete(key));
  clients.set(key, client);
  return client.shared();
}

function tlsOptions(tls: MongoTarget['tls']): MongoClientOptions {
  return {
    ...(tls ? { tls: true } : {}),
    ...(tls?.ca === undefined ? {} : { tlsCAFile: tls.ca }),
    ...(tls?.cert_and_key === undefined ? {} : { tlsCertificateKeyFile: tls.cert_and_key }),
  };
}

/** One server or set of servers, as this process sees it. */
export class SharedClient {
  readonly #target: MongoTarget;
  readonly #environment: Environment;
  readonly #closed: () => void;
  readonly #listeners = new Set<() => void>();
  #references = 0;
  #connecting: Promise<MongoClient> | undefined;
  /** No server is available; ends the wait for one. */
  #away: { cancel(): void } | undefined;
  #isLongAway = false;
  /** Callbacks that cancel the waiting queries. */
  readonly #asking = new Set<() => void>();
  #generation = 0;
  #wasConnected = false;

  constructor(target: MongoTarget, environment: Environment, closed: () => void) {
    this.#target = target;
    this.#environment = environment;
    this.#closed = closed;
  }

  shared(): this {
    this.#references++;
    return this;
  }

  /**
   * Closes the connections after the last release. The driver says goodbye to the server, which a
   * frozen server never answers: this is not awaited, and the driver gives up a few seconds later.
   */
  async release(): Promise<void> {
    if (--this.#references > 0) return;
    this.#closed();
    this.#away?.cancel();
    const { clock } = this.#environment;
    const client = await this.#connecting?.catch(() => undefined);
    if (client) await clock.outside(endedWithin(clock, leaveMs, clock.outside(client.close())));
  }

  /** True while no server is available. */
  get isAway(): boolean {
    return this.#away !== undefined;
  }

  /** Grows with each connection: a new one may be to a server that has restarted with empty data. */
  get generation(): number {
    return this.#generation;
  }

  /** Calls back when the server becomes unavailable or available; the returned function unsubscribes. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * The connected client, created at the first call and again after a failure; errors carry the caller's name.
   * @throws FDP_CONNECT_FAILED, FDP_REFUSED, FDP_SPEC_INVALID, FDP_CLOSED when `signal` aborts
   */
  async connected(asker: Asker, signal: AbortSignal): Promise<MongoClient> {
    this.#connecting ??= this.#connect();
    const connecting = this.#connecting;
    const attempt = connecting.catch((error) => {
      if (this.#connecting === connecting) this.#connecting = undefined;
      const failure = mongoError(error, asker, !this.#wasConnected);
      throw asker.proven?.judge('connect', failure) ?? failure;
    });
    const late = () => new FdpError('FDP_CLOSED', `${asker.name}: stopped while connecting`);
    const client = await unlessAborted(signal, attempt, late);
    asker.proven?.worked('connect');
    return client;
  }

  /**
   * Runs a query that a caller waits for: fails as soon as no server has been available for a second.
   * @throws FDP_UNAVAILABLE
   */
  async ask<T>(asker: Asker, signal: AbortSignal, question: () => Promise<T>): Promise<T> {
    const { clock } = this.#environment;
    let giveUp = () => {};
    const away = new Promise<never>((_resolve, reject) => {
      giveUp = () => reject(unavailable(asker, 'no server answers'));
    });
    if (this.#isLongAway) giveUp();
    this.#asking.add(giveUp);
    try {
      return await Promise.race([away, clock.outside(question())]);
    } catch (error) {
      if (error instanceof FdpError) throw error;
      if (signal.aborted) throw new FdpError('FDP_CLOSED', `${asker.name}: the request was cancelled`);
      throw mongoError(error, asker);
    } finally {
      this.#asking.delete(giveUp);
    }
  }

  async #connect(): Promise<MongoClient> {
    const { clock } = this.#environment;
    let client: MongoClient | undefined;
    try {
      const { MongoClient } = await clock.outside(import('mongodb'));
      client = new MongoClient(this.#target.url, this.#options());
      const mode = client.options.readPreference.mode;
      this.#goes();
      client.on('connectionReady', () => {
        this.#generation++;
      });
      client.on('topologyDescriptionChanged', ({ newDescription }) => this.#seen(newDescription, mode !== 'primary'));
      await clock.outside(client.connect());
      this.#wasConnected = true;
      return client;
    } catch (error) {
      await client?.close();
      const { tls, address, name } = this.#target;
      if (address.replicaSet !== undefined && error instanceof Error && error.name === 'MongoServerSelectionError')
        throw (await clock.outside(replicaSetProblem(name, address, tlsOptions(tls)))) ?? error;
      throw error;
    }
  }

  #options(): MongoClientOptions {
    const { tls, address } = this.#target;
    const ours = Object.entries(defaults).filter(([option]) => !address.given.has(option.toLowerCase()));
    return {
      ...Object.fromEntries(ours),
      ...tlsOptions(tls),
      ignoreUndefined: true,
    };
  }

  #seen({ servers }: TopologyDescription, secondaries: boolean): void {
    const good = ['Standalone', 'RSPrimary', 'Mongos', 'LoadBalancer', ...(secondaries ? ['RSSecondary'] : [])];
    const here = [...servers.values()].some(({ type }) => good.includes(type));
    if (here !== this.isAway) return;
    if (here) this.#comes();
    else this.#goes();
    for (const listener of [...this.#listeners]) listener();
  }

  /** The caller waits, but not for long. */
  #goes(): void {
    this.#comes();
    const cancel = this.#environment.clock.timer(patienceMs, () => {
      this.#isLongAway = true;
      for (const giveUp of this.#asking) giveUp();
    });
    this.#away = { cancel };
  }

  #comes(): void {
    this.#away?.cancel();
    this.#away = undefined;
    this.#isLongAway = false;
  }
}
