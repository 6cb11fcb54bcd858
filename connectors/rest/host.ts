import { isIP } from 'node:net';
import { isLoopback } from '../../src/engine/listen.ts';
import { hostAndPort } from '../../src/engine/units.ts';
import { badRequest, type Refusal } from './answer.ts';

/**
 * Says why a request is not for this server, by the name in its Host header. A server on a loopback address answers to
 * addresses, to localhost and to `names` alone: else a page from elsewhere could have its own name lead here, and read
 * what this machine's user may (DNS rebinding). A server on any other address answers to every name unless it has some.
 */
export function hostCheck(listen: string, names: readonly string[]): (host: string | undefined) => Refusal | undefined {
  const { host } = hostAndPort(listen);
  if (names.length === 0 && host !== 'localhost' && !isLoopback(host)) return () => undefined;
  const known = new Set(['localhost', ...names.map((name) => name.toLowerCase())]);
  return (given) => {
    const name = given?.replace(/:\d*$/, '').toLowerCase();
    if (name === undefined || known.has(name) || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0) return undefined;
    return badRequest(
      421,
      'this server does not answer to the name in the Host header: add it to `hosts` if it should',
    );
  };
}
