import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get, type RequestOptions } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import type { Role } from '../../../src/kit/role.ts';
import { replaceFiles, type ServerFiles, serverFiles } from './certificates.ts';
import { closeAll } from './rest.ts';
import { closed, openSockets, received, until } from './sockets.ts';

let kept: string;
export let folder: string;
export let first: ServerFiles;
export let second: ServerFiles;
/** The files that servers are started with: copies of the first ones. */
export let files: ServerFiles;
export const roles: Role[] = [];
export const sockets: TLSSocket[] = [];

/** Two servers' files, each of an authority of its own. */
export function makeAuthorities(): void {
  kept = mkdtempSync(join(tmpdir(), 'fdp-tls-'));
  first = serverFiles(kept, { name: 'first' });
  second = serverFiles(kept, { name: 'second' });
}

export function removeAuthorities(): void {
  rmSync(kept, { recursive: true, force: true });
}

export function copyFiles(): void {
  folder = mkdtempSync(join(tmpdir(), 'fdp-tls-'));
  files = { ca: first.ca, cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  replaceFiles(first, files);
}

/** Closes what a test has opened; no socket may be left. */
export async function closeOpened(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(roles.splice(0).map((role) => role.close()));
  await closeAll();
  await until(() => openSockets() === 0);
  rmSync(folder, { recursive: true, force: true });
}

export const tls = () => ({ cert: files.cert, key: files.key });

/** A request that trusts the authority of `by`. */
export async function ask(
  port: number,
  path: string,
  { by = first, ...more }: RequestOptions & { by?: ServerFiles } = {},
) {
  const request = get({ host: '127.0.0.1', port, path, ca: readFileSync(by.ca), agent: false, ...more });
  const [response] = await once(request, 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode as number, text };
}

export async function dialled(port: number, { ca }: ServerFiles = first): Promise<TLSSocket> {
  const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(ca) });
  sockets.push(socket);
  socket.on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

/** What a client of plain HTTP gets. */
export function plain(port: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connectPlain({ host: '127.0.0.1', port });
    const seen = received(socket);
    socket.on('error', () => {});
    void closed(socket).then(() => resolve(seen.text));
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  });
}
