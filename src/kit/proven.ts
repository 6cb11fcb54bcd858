import { FdpError } from '../errors.ts';

/**
 * What has worked in this process: the one rule about errors that end a topology. An error that a
 * person must fix is fatal only while the thing that failed (a login, a handshake, writing to a
 * topic) never worked with these settings in this process. Settings that worked are right: whatever
 * the other side responds later - a status page, a lost account store, a restart with another
 * certificate - is its own failure, and is retried.
 *
 * One instance per connector, so that it outlives the restarts of a topology.
 */
export class Proven {
  readonly #deeds = new Set<string>();

  /** Notes that this operation has worked. */
  worked(deed: string): void {
    this.#deeds.add(deed);
  }

  /** The error as it is to be treated: not fatal if the same operation has worked before. */
  judge<E>(deed: string, error: E): E | FdpError {
    if (!(error instanceof FdpError) || error.fault !== 'fatal' || !this.#deeds.has(deed)) return error;
    return error.withFault('transient', `${error.message} (it worked before: trying again)`);
  }
}
