import { errorText, FdpError, isRetriable } from '../../src/errors.ts';
import { Backoff } from '../../src/kit/backoff.ts';
import { endedWithin, linkedAbort } from '../../src/kit/clock.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import { foreignText } from '../../src/kit/text.ts';
import { type Client, longestWaitMs, type Membership } from './client.ts';
import { reasonOf } from './errors.ts';
import { sessionMs } from './group-join.ts';

/** Interval of heartbeats, ms: a rebalance is noticed within it. */
const beatMs = 1000;
/** A heartbeat without a response for this long is logged, ms. */
const slowMs = 3000;
/** How often the ends of the partitions and the topic are checked, in heartbeats. */
const checkEvery = 5;

/** The group wants its members to join again. */
const rebalancing = new Set(['REBALANCE_IN_PROGRESS', 'ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'FENCED_INSTANCE_ID']);

/** Whether an error means that the group has rebalanced without this member. */
export function isRebalancing(error: unknown): boolean {
  return rebalancing.has(reasonOf(error) ?? '');
}

export interface MemberOptions {
  readonly name: string;
  readonly group: string;
  readonly client: Client;
  readonly context: RoleContext;
  /** Aborts when the member is to leave. */
  readonly stopped: AbortSignal;
  /** Called with the partitions of a new generation; earlier ones were revoked before. */
  onAssigned(membership: Membership): Promise<void>;
  /** All partitions are revoked until the next `onAssigned`. */
  onRevoked(): void;
  /** Called every few seconds. True if the group must rebalance. */
  onCheck(membership: Membership): Promise<boolean>;
  /** Called with errors that no retry fixes. */
  onFatal(error: unknown): void;
}

/**
 * A membership in a consumer group. Sends heartbeats from its own timer, however long messages take; joins again when
 * the group rebalances or has forgotten it; gives its partitions up when no heartbeat got through for a session.
 */
export class Member {
  readonly #options: MemberOptions;
  #membership: Membership | undefined;
  #memberId: string | undefined;
  #hurry = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  /** Joins for the first time; then heartbeats are sent until `stopped`. */
  async join(): Promise<void> {
    await this.#join();
    this.#running = this.#run();
  }

  /** A caller noticed a rebalance: sends a heartbeat at once. */
  suspect(): void {
    this.#hurry.abort();
  }

  /** Leaves the group, so that others need not wait for a session timeout. `limitMs` bounds it. */
  async leave(limitMs: number): Promise<void> {
    const { client, context } = this.#options;
    const membership = this.#membership;
    this.#membership = undefined;
    if (membership) await endedWithin(context.clock, limitMs, client.leave(membership));
  }

  /** Resolves when it has stopped completely. */
  async ended(): Promise<void> {
    await this.#running;
  }

  async #join(): Promise<void> {
    const { client, group, context, name, onAssigned } = this.#options;
    const membership = await client.join(group, this.#memberId);
    this.#memberId = membership.memberId;
    this.#membership = membership;
    const { partitions, generation, handedOut } = membership;
    await onAssigned(membership);
    const text =
      partitions.length > 0 ? `partitions ${[...partitions].sort((a, b) => a - b).join(', ')}` : 'no partition';
    context.log.info({ group, generation, partitions }, `${name}: group ${group} assigned ${text} to this member`);
    const problem = this.#problemOf(membership);
    if (problem) context.log.error({ group, generation }, problem);
    for (const [topic, count] of handedOut)
      if (count === 0)
        context.log.warn(
          { group },
          `${name}: group ${group}: topic ${foreignText(topic, 249)} is not visible to this client: its members get no messages`,
        );
  }

  /** What is wrong with the leader's assignment; one line. */
  #problemOf({ foreign }: Membership): string | undefined {
    const { name, group } = this.#options;
    if (foreign.length === 0) return undefined;
    return (
      `${name}: group ${group} assigned partitions of ${foreignText(foreign.join(', '))} to this member, which does not read them: ` +
      'the leader of the group is a program that ignores which member reads which topic: use another group'
    );
  }

  async #run(): Promise<void> {
    const { stopped, context, onFatal } = this.#options;
    for (let beat = 1; ; beat++) {
      this.#hurry = new AbortController();
      const pause = linkedAbort(stopped, this.#hurry.signal);
      await context.clock.sleep(beatMs, pause.controller.signal);
      pause.release();
      if (stopped.aborted) return;
      try {
        if (!(await this.#isMember()) || (beat % checkEvery === 0 && (await this.#check()))) await this.#rejoin();
      } catch (error) {
        if (stopped.aborted) return;
        return onFatal(error);
      }
    }
  }

  /** Sends a heartbeat, with retries; false if it must join again. Throws errors that no retry fixes. */
  async #isMember(): Promise<boolean> {
    const { client, context, stopped, name } = this.#options;
    const { clock, node } = context;
    const membership = this.#membership;
    if (membership === undefined) return false;
    const backoff = new Backoff(context, longestWaitMs);
    for (const since = clock.monotonic(); !stopped.aborted; ) {
      try {
        const beat = client.heartbeat(membership);
        if (!(await endedWithin(clock, slowMs, beat))) node.is('retrying', `${name}: the brokers do not respond`);
        if (!(await endedWithin(clock, sessionMs - slowMs, beat))) return false;
        await beat;
        if (node.state === 'retrying' || node.state === 'ok') this.#healthy(membership);
        return true;
      } catch (error) {
        if (isRebalancing(error)) {
          if (reasonOf(error) === 'UNKNOWN_MEMBER_ID') this.#memberId = undefined;
          return false;
        }
        if (!isRetriable(error)) throw error;
        node.is('retrying', errorText(error));
        if (clock.monotonic() - since > sessionMs) return false;
        await backoff.wait(stopped);
      }
    }
    return true;
  }

  async #check(): Promise<boolean> {
    const { onCheck, context } = this.#options;
    try {
      return this.#membership ? await onCheck(this.#membership) : false;
    } catch (error) {
      if (!isRetriable(error)) throw error;
      context.log.debug({}, errorText(error));
      return false;
    }
  }

  async #rejoin(): Promise<void> {
    const { client, context, stopped, name, group, onRevoked } = this.#options;
    const { log, node } = context;
    onRevoked();
    log.info({ group }, `${name}: group ${group} is rebalancing`);
    const backoff = new Backoff(context, longestWaitMs);
    while (!stopped.aborted) {
      try {
        await this.#join();
        return this.#healthy(this.#membership);
      } catch (error) {
        onRevoked();
        if (reasonOf(error) === 'UNKNOWN_MEMBER_ID') this.#memberId = undefined;
        if (!isRetriable(error) || reasonOf(error) === 'UNKNOWN_TOPIC_OR_PARTITION') throw error;
        if (!isRebalancing(error)) {
          node.is('retrying', errorText(error));
          client.reset();
        }
        await backoff.wait(stopped);
      }
    }
  }

  /** With fewer partitions than members some are in standby. */
  #healthy(membership: Membership | undefined): void {
    const { context, name, group } = this.#options;
    const problem = membership && this.#problemOf(membership);
    if (problem) context.node.is('retrying', problem);
    else if (membership && membership.partitions.length === 0)
      context.node.is('standby', `${name}: group ${group} assigned no partition to this member`);
    else context.node.is('ok');
  }
}

/** The error of a commit after a rebalance. */
export function leaseLost(name: string, group: string, cause: unknown): FdpError {
  return new FdpError('FDP_LEASE_LOST', `${name}: group ${group} has rebalanced: ${errorText(cause)}`, { cause });
}
