import { once } from 'node:events';
import { type AddressInfo, isIPv6, type Server } from 'node:net';
import { errorText, FdpError } from '../errors.ts';
import type { Environment } from './environment.ts';
import { exposureText, isLoopback, type Protection } from './exposure.ts';
import type { Proven } from './proven.ts';
import type { ConnectOptions } from './role.ts';
import { hostAndPort, hostInAddress } from './units.ts';

/** What a server needs to open its port. */
interface Listening {
  /** The connector's name in the spec. */
  readonly name: string;
  /** The `listen` option: `127.0.0.1:8888`; port 0 takes a free one. */
  readonly address: string;
  readonly log: Environment['log'];
  readonly options?: ConnectOptions | undefined;
  /** What has worked with this connector in this process: if it had this port before, listening is retried. */
  readonly proven?: Proven;
  /** What protects it where other machines can reach it. */
  readonly protection: Protection;
  /** Where its address is set, for messages: the option `listen` unless given. */
  readonly setting?: string;
}

const names = new Map<number, string>();

/** The name of the server of this process that has a port, until the last of its connections is closed. */
export function serverNameOn(port: number): string | undefined {
  return names.get(port);
}

/**
 * Opens a server's port, logs it, and warns if other machines can reach it and it lacks keys or TLS. Returns the port.
 * @throws FDP_PORT_IN_USE, fatal, but transient when the topology took over from a process that may still hold it
 * @throws FDP_REFUSED without the right to use the port
 * @throws FDP_CONNECT_FAILED, fatal, when this machine doesn't have the address
 * @throws FDP_CLOSED when `signal` aborts
 */
export async function listen(server: Server, listening: Listening, signal: AbortSignal): Promise<number> {
  const { host, port } = hostAndPort(listening.address);
  try {
    const ready = once(server, 'listening', { signal });
    server.listen({ host, port });
    await ready;
  } catch (error) {
    server.close();
    const failed = listenError(error, listening);
    throw listening.proven?.judge('listen', failed) ?? failed;
  }
  listening.proven?.worked('listen');
  const bound = server.address() as AddressInfo;
  names.set(bound.port, listening.name);
  server.once('close', () => names.delete(bound.port));
  const fields = { host: bound.address, port: bound.port };
  listening.log.info(fields, `${listening.name}: listening on ${bound.address} port ${bound.port}`);
  if (!isLoopback(bound.address)) warnOfOthers(listening, fields);
  return bound.port;
}

/**
 * Each start says who can do what with a port that is open to other machines. In a container (FDP_CONTAINER, set by the image)
 * publishing the port decides whether it is: no warning then.
 */
function warnOfOthers(
  { name, log, protection }: Listening,
  fields: { readonly host: string; readonly port: number },
): void {
  const text = exposureText(protection);
  if (text === undefined) return;
  const port = `${name}: port ${fields.port} on ${fields.host}`;
  if (process.env['FDP_CONTAINER'] === 'true')
    log.info(fields, `${port}, for whom the container publishes it, is ${text}`);
  else log.warn(fields, `${port} is open to other machines ${text} (insecure)`);
}

/** A server's claim: the same for every way to write the address. None for port 0. */
export function listenClaims(address: string): readonly string[] {
  const { host, port } = hostAndPort(address);
  return port === 0 ? [] : [`port ${port} on ${host === 'localhost' ? '127.0.0.1' : host}`];
}

const portClaim = /^port (\d+) on (.+)$/;

/** Whether two claims exclude each other: they are the same, or the same port, where one of the addresses includes the other. */
export function claimsClash(one: string, other: string): boolean {
  if (one === other) return true;
  const [, port, host = ''] = portClaim.exec(one) ?? [];
  const [, otherPort, otherHost = ''] = portClaim.exec(other) ?? [];
  return port !== undefined && port === otherPort && (includes(host, otherHost) || includes(otherHost, host));
}

/** `::` is every address, of IPv4 too. */
function includes(every: string, host: string): boolean {
  return every === '::' || (every === '0.0.0.0' && !isIPv6(host));
}

/** The address under which this machine reaches a server: every address is also the loopback one. */
export function reachable(address: string): { readonly host: string; readonly port: number } {
  const { host, port } = hostAndPort(address);
  const here = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return { host: hostInAddress(here), port };
}

function listenError(cause: unknown, { name, address, options, setting = '`listen`' }: Listening): FdpError {
  const { host, port } = hostAndPort(address);
  const text = (what: string) => `${name}: ${what}`;
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return options?.takenOver
        ? new FdpError('FDP_PORT_IN_USE', text(`port ${port} on ${host} is still held by the previous process`), {
            fault: 'transient',
            cause,
          })
        : new FdpError(
            'FDP_PORT_IN_USE',
            text(`port ${port} on ${host} is in use by another program: stop that program, or change ${setting}`),
            { cause },
          );
    case 'EACCES':
    case 'EPERM':
      return new FdpError(
        'FDP_REFUSED',
        text(`no permission to listen on port ${port} of ${host}: choose a port of 1024 or above in ${setting}`),
        { cause },
      );
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'ENOTFOUND':
      return new FdpError(
        'FDP_CONNECT_FAILED',
        text(`this machine does not have the address ${host}: change ${setting}; 127.0.0.1 is this machine only`),
        { fault: 'fatal', cause },
      );
    case 'ABORT_ERR':
      return new FdpError('FDP_CLOSED', text('stopped before its port was open'), { cause });
    default:
      return new FdpError('FDP_CONNECT_FAILED', text(`cannot listen on ${address}: ${errorText(cause)}`), { cause });
  }
}
