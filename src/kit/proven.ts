import { FdpError } from '../errors.ts';

/**
 * What has worked in this process: the one rule about errors that end a topology. An error that a person must cure is
 * fatal only while the thing that failed (a login, a handshake, writing to a topic) never worked with these settings in
 * this process. Settings that worked are right: whatever the other side answers afterwards - a status page, a lost
 * account store, a restart with another certificate - is its own trouble, and is waited for.
 *
 * One instance per connector, so that it outlives the restarts of a topology.
 */
export class Proven {
  readonly #deeds = new Set<string>();

  /** This has worked now. */
  worked(deed: string): void {
    this.#deeds.add(deed);
  }

  /** The error as it counts: no longer fatal when the same deed has worked before. */
  judge<E>(deed: string, error: E): E | FdpError {
    if (!(error instanceof FdpError) || error.fault !== 'fatal' || !this.#deeds.has(deed)) return error;
    return error.withFault('transient', `${error.message} (it worked before: trying again)`);
  }
}
