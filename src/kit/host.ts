import { isIP } from 'node:net';
import { isLoopback } from './exposure.ts';
import { hostAndPort } from './units.ts';

/** Stands for every name. */
const anyHost = '*';

/**
 * Which Host headers a server accepts: addresses, localhost and `names`. Without this check a page from
 * elsewhere could point its own name here and read what this machine's user may (DNS rebinding). Without names, a
 * server that does not listen on a loopback address accepts every name, and so does one with `*` among the names.
 */
export function hostCheck(listen: string, names: readonly string[]): (host: string | undefined) => boolean {
  const { host } = hostAndPort(listen);
  const isOpen = names.length === 0 && host !== 'localhost' && !isLoopback(host);
  if (isOpen || names.includes(anyHost)) return () => true;
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  return (given) => {
    const name = given?.replace(/:\d*$/, '').toLowerCase();
    return name === undefined || known.has(name) || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
  };
}

/** The host of a request; undefined if it has more than one Host header. */
export function hostsOf(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}
