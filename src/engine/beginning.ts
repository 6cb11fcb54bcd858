import type { NodeStats } from '../kit/node-stats.ts';
import type { Graph } from './graph.ts';

/**
 * How far a topology has come since its process started. A topology has run once everything that it needs was
 * connected, or when it is in standby; it was tried once each of these has connected, or reported why it cannot yet.
 */
export class Beginning {
  /** Resolves when it was tried, or has ended. */
  readonly tried: Promise<void>;
  #hasRun = false;
  #resolve = () => {};
  readonly #source: NodeStats;
  readonly #needed: readonly NodeStats[];

  /** @param bestEffort the branches that the topology runs without if they fail */
  constructor({ source, branches, lookups, deadLetter }: Graph, bestEffort: ReadonlySet<string>) {
    const sinks = [...branches].filter(([name]) => !bestEffort.has(name)).map(([, { sink }]) => sink);
    this.#source = source;
    this.#needed = [source, ...sinks, ...lookups.values(), ...(deadLetter ? [deadLetter] : [])];
    this.tried = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get hasRun(): boolean {
    return this.#hasRun;
  }

  /** Whether all that the topology needs is connected now; between two runs it is not. */
  get isConnected(): boolean {
    const needed = this.#source.state === 'standby' ? [this.#source] : this.#needed;
    return needed.every(isConnected);
  }

  /** To be called when the state of a node has changed. */
  update(): void {
    if (this.#hasRun) return;
    this.#hasRun = this.isConnected;
    // Nothing after a waiting source is tried before the source is connected.
    if (this.#hasRun || isWaiting(this.#source) || this.#needed.every((node) => isConnected(node) || isWaiting(node)))
      this.#resolve();
  }

  ended(): void {
    this.#resolve();
  }
}

function isConnected({ state }: NodeStats): boolean {
  return state !== 'idle' && state !== 'connecting' && state !== 'failed';
}

function isWaiting({ state, reason }: NodeStats): boolean {
  return state === 'failed' || (state === 'connecting' && reason !== undefined);
}
