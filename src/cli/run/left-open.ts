import { ifStillAlive } from '../../kit/clock.ts';
import { serverNameOn } from '../../kit/listen.ts';
import type { ProcessSnapshot } from '../../kit/snapshot.ts';
import { counted } from '../../kit/text.ts';

/** How long a process that has nothing left to do may take to end by itself, ms. */
const graceMs = 1000;
/** What keeps a process alive, by Node.js's name and in words, apart from connections, servers and terminals. */
const kinds: Readonly<Record<string, string>> = {
  Timeout: 'timer',
  Immediate: 'timer',
  FSReqCallback: 'file operation',
  FSReqPromise: 'file operation',
  FSEventWrap: 'watched file',
  GetAddrInfoReqWrap: 'look-up of a name',
  ProcessWrap: 'child process',
  MessagePort: 'worker thread',
  Worker: 'worker thread',
};
const unnamed = 'a standard stream, or something that Node.js does not list';
const sockets = /^(TCP|TLS|Pipe|TTY|HTTP|SimpleWrite|Write|Shutdown)/;

/** A node of a topology that works at an address. */
interface AddressedNode {
  /** `TOPOLOGY/NODE` */
  readonly name: string;
  readonly address: string;
}

interface End {
  readonly exitCode: number;
  /** Nodes by address, to name connections. */
  readonly nodes?: readonly AddressedNode[];
  /** Left out: true. */
  readonly waits?: boolean;
  /** Called with what is still open, if the process has not ended by itself. */
  name(text: string): unknown;
}

let isEnding = false;

/**
 * To be called when there is nothing left to do: a connection, timer or thread that was left open does not keep the
 * process alive. It has a second to end by itself; then what is open is reported, and the process ends with its exit
 * code. Only the first call counts.
 */
export function endInTime({ exitCode, nodes = [], waits = true, name }: End): void {
  if (isEnding) return;
  isEnding = true;
  ifStillAlive(waits ? graceMs : 0, () => {
    const open = openNow(nodes);
    if (waits || open.length > 0) name(`still open at exit: ${open.join(', ') || unnamed}: the process ends anyway`);
    process.exit(exitCode);
  });
}

/** The nodes of a process that have an address. */
export function nodesOf({ topologies }: ProcessSnapshot): readonly AddressedNode[] {
  return topologies.flatMap((topology) =>
    topology.nodes.flatMap(({ name, address }) => (address ? [{ name: `${topology.name}/${name}`, address }] : [])),
  );
}

/** What keeps this process alive, counted by kind. */
function openNow(nodes: readonly AddressedNode[]): readonly string[] {
  const counts = new Map<string, number>();
  const add = (what: string, of = '') => counts.set(`${what}|${of}`, (counts.get(`${what}|${of}`) ?? 0) + 1);
  for (const handle of handles()) {
    if (handle.remotePort !== undefined) add('connection', peerOf(handle, nodes));
    else if (handle.listening !== undefined) add('server');
  }
  for (const resource of process.getActiveResourcesInfo())
    if (!sockets.test(resource)) add(kinds[resource] ?? resource);
  return [...counts].map(([key, count]) => {
    const [what = '', of] = key.split('|');
    return `${counted(count, what)}${of}`;
  });
}

interface Handle {
  readonly localPort?: number;
  readonly remoteAddress?: string;
  readonly remotePort?: number;
  readonly listening?: boolean;
}

/** Undocumented in Node.js; without it only the kinds of open things are counted. */
function handles(): readonly Handle[] {
  const { _getActiveHandles: list } = process as { readonly _getActiveHandles?: () => readonly Handle[] };
  return list?.call(process) ?? [];
}

function peerOf({ localPort, remoteAddress, remotePort }: Handle, nodes: readonly AddressedNode[]): string {
  const server = localPort === undefined ? undefined : serverNameOn(localPort);
  if (server !== undefined) return ` of ${server}`;
  const port = new RegExp(`:${remotePort}(?!\\d)`);
  const names = nodes.filter(({ address }) => port.test(address)).map(({ name }) => name);
  return ` to ${remoteAddress} port ${remotePort}${names.length > 0 ? ` (${names.join(', ')})` : ''}`;
}
