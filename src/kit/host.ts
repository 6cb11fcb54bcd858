import { isIP } from 'node:net';
import { isLoopback } from './listen.ts';
import { hostAndPort } from './units.ts';

/** Stands for every name. */
const anyHost = '*';

/**
 * Which names a server answers to, by the Host header of a request: addresses, localhost and `names`. Else a page from
 * elsewhere could have its own name lead here, and read what this machine's user may (DNS rebinding). Without names, one
 * that does not listen on a loopback address answers to every name, and so does one with `*` among them.
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

/** A request with more than one Host header has no certain host. */
export function hostsOf(rawHeaders: readonly string[]): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}
