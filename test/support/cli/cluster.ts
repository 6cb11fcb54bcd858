import { expect } from 'vitest';
import type { Ledger } from '../kafka/ledger.ts';
import type { LedgerAddress } from '../kafka/ledger-books.ts';
import { randomName } from '../services/services.ts';
import { onDatabase, pipelineCopy } from './pipeline-copy.ts';
import { Process, temporaryFolder } from './platform.ts';
import { type Workspace, workspaceIn } from './workspace.ts';

/** An edit of the shipped pipeline: a text in it, and its replacement. */
export type Edit = readonly [text: string, instead: string];

/** Environment variables of a process, in addition to those of its workspace. */
export type Variables = Readonly<Record<string, string>>;

/** The shipped pipeline in the profile `cluster`, with its own topic, groups and database. */
export class Cluster {
  readonly address: LedgerAddress;
  /** The consumer group of the processor. */
  readonly group: string;
  /** The consumer group of the bars. */
  readonly barsGroup: string;
  /** The topic of the dead letters. */
  readonly rejected: string;
  readonly folder = temporaryFolder();
  readonly #edits: readonly Edit[];
  readonly #pipeline: string;
  #copies = 0;

  /** @param edits further edits of pipeline.yml, made before its names are replaced */
  constructor(brokers: string, url: string, ...edits: readonly Edit[]) {
    const name = randomName('faults');
    this.address = { brokers, url, topic: `${name}-ticks`, database: name };
    this.group = `${name}-processor`;
    this.barsGroup = `${name}-candles`;
    this.rejected = `${this.address.topic}.rejected`;
    this.#edits = [
      ['topic: raw_stock_ticks, partitions', `topic: ${this.address.topic}, partitions`],
      ['topic: raw_stock_ticks.rejected', `topic: ${this.rejected}`],
      ['group: processor', `group: ${this.group}`],
      ['group: analytics', `group: ${name}-analytics`],
      ['group: candles', `group: ${this.barsGroup}`],
      ...onDatabase(name),
    ];
    this.#pipeline = this.pipelineWith(...edits);
  }

  /** The path of another pipeline on the same topic, group and stores. */
  pipelineWith(...edits: readonly Edit[]): string {
    return pipelineCopy(`${this.folder.path}/${++this.#copies}`, ...edits, ...this.#edits);
  }

  /** Starts `fdp` with these arguments, and returns its workspace; without a given port it serves no metrics. */
  async start(args: readonly string[], more: Variables = {}): Promise<{ process: Process; workspace: Workspace }> {
    const workspace = await workspaceIn(this.folder.path);
    const variables = {
      ...workspace.env,
      FDP_PROFILE: 'cluster',
      KAFKA_BROKERS: this.address.brokers,
      MONGODB_URL: this.address.url,
      OBSERVE_PORT: '0',
      ...more,
    };
    const pipeline = args.includes('--pipeline') ? [] : ['--pipeline', this.#pipeline];
    return { process: new Process([...args, ...pipeline], variables), workspace };
  }

  /** Starts one more processor. */
  async processor(more: Variables = {}): Promise<Process> {
    return (await this.start(['--topology', 'processor'], more)).process;
  }

  /** Runs a command of `fdp` to its end, and returns what it printed. */
  async command(...args: readonly string[]): Promise<{ readonly code: number | string; readonly stdout: string }> {
    const { process } = await this.start(args);
    const code = await process.ended;
    return { code, stdout: process.stdout };
  }

  /** Waits until the processors have stored the content of the log; fails with all differences. */
  async settled(ledger: Ledger, limitMs = 90_000): Promise<void> {
    expect(await ledger.settled(limitMs)).toEqual([]);
  }

  [Symbol.dispose](): void {
    this.folder[Symbol.dispose]();
  }
}
