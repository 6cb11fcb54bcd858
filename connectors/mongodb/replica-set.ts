import type { MongoClientOptions } from 'mongodb';
import { FdpError } from '../../src/errors.ts';
import type { Address } from './address.ts';

/** How long each server is asked, ms. */
const patienceMs = 1000;

/**
 * Why no server of the url's replica set was found although a server responds: the driver drops one that belongs to
 * another set silently. Undefined if no server responds, or all match the url.
 */
export async function replicaSetProblem(
  name: string,
  { hosts, replicaSet, options }: Address,
  tls: MongoClientOptions,
): Promise<FdpError | undefined> {
  for (const host of hosts.split(',')) {
    const found = await setNameOf(host, { ...urlTls(options), ...tls });
    if (found === undefined || found === replicaSet) continue;
    const is = found === null ? 'is of no replica set' : `is of "${found}"`;
    const cure = found === null ? 'leave replicaSet out of the url' : `write replicaSet=${found} in the url`;
    return new FdpError(
      'FDP_REFUSED',
      `${name}: the url asks for the replica set "${replicaSet}", ${host} ${is}: ${cure}`,
    );
  }
  return undefined;
}

function urlTls(options: ReadonlyMap<string, string>): MongoClientOptions {
  const isOn = [...options].some(([name, value]) => /^(?:tls|ssl)$/i.test(name) && value === 'true');
  return isOn ? { tls: true } : {};
}

/** A server's replica set, null if it is in none, undefined if it does not respond. Asks without authentication. */
async function setNameOf(host: string, tls: MongoClientOptions): Promise<string | null | undefined> {
  const { MongoClient } = await import('mongodb');
  const limits = { serverSelectionTimeoutMS: patienceMs, connectTimeoutMS: patienceMs };
  const client = new MongoClient(`mongodb://${host}/`, { ...tls, ...limits, directConnection: true });
  try {
    const { setName } = await client.db('admin').command({ hello: 1 });
    return typeof setName === 'string' ? setName : null;
  } catch {
    return undefined;
  } finally {
    await client.close().catch(() => undefined);
  }
}
