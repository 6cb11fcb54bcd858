import { errorText, FdpError } from '../../src/errors.ts';
import type { Proven } from '../../src/kit/proven.ts';
import type { Address } from './address.ts';

/** The caller, for the text of an error. */
export interface Asker {
  /** The connector's name in the spec. */
  readonly name: string;
  readonly database: string;
  readonly address: Address;
  /** What has worked with this connector in this process. */
  readonly proven?: Proven;
}

/** The fields of any MongoDB error. */
interface Foreign {
  readonly name: string;
  readonly code: unknown;
  /** `open` when a file could not be read. */
  readonly syscall: unknown;
  readonly cause: unknown;
  /** A server selection's last view of the servers. */
  readonly reason: unknown;
}

/** Wrong user or password, an unknown mechanism; Atlas uses 8000. */
const authenticationCodes = new Set<unknown>([11, 18, 33, 334, 8000]);
const unauthorized = 13;
/** The disk is full, or nearly so. */
const diskCodes = new Set<unknown>([14031, 12501]);
/** The document will never be accepted: wrong values, too large, too deep, refused by the collection's validator. */
const permanentCodes = new Set<unknown>([
  2, 9, 14, 15, 22, 28, 52, 56, 57, 121, 10334, 16554, 17260, 17261, 17280, 17419, 17420,
]);
/** Transient: elections, shutdowns, locks, time limits of queries, an unavailable majority. */
const transientCodes = new Set<unknown>([
  ...[6, 7, 24, 43, 46, 50, 63, 64, 70, 89, 91, 100, 112, 117, 133, 134, 150, 189, 202, 237, 249, 262, 276, 365, 462],
  ...[9001, 10107, 11600, 11601, 11602, 13388, 13435, 13436],
]);
const certificate = /^(CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|ERR_TLS_CERT|INVALID_CA)/;
const tlsFailure = /^(ERR_SSL_|ERR_TLS_|ERR_OSSL_|EPROTO$)/;

const socketFailure = /^(E[A-Z]+|ERR_(STREAM|SOCKET|SSL|TLS)_\w+)$/;

export const duplicateKey = 11000;
export const noNamespace = 26;

/** The server's error code; undefined if it is not an error of a server. */
export function codeOf(error: unknown): unknown {
  return foreign(error).code;
}

/** True if a statement of a write was refused for a reason that is unrelated to its document. */
export function spoilsAll(code: unknown): boolean {
  return transientCodes.has(code) || diskCodes.has(code) || authenticationCodes.has(code) || code === unauthorized;
}

/**
 * Classifies an error of the driver. An unknown error is not changed: the engine tries it five
 * times. Never shows the connection string's password. At the `first` connection a TLS mismatch is a configuration
 * mistake; later it is a server that is starting or stopping.
 */
export function mongoError(error: unknown, asker: Asker, first = false): Error {
  if (error instanceof FdpError) return error;
  const chain = chainOf(error);
  const text = asker.address.scrub(textOf(error));
  const { name, hosts } = { name: asker.name, hosts: asker.address.hosts };
  const made = refusal(chain, asker, { text, first }) ?? byKind(chain, text, atlasHint(asker.address));
  if (made) return new FdpError(made.code, `${name}: ${hosts}: ${made.text}`, { cause: causeOf(error, asker) });
  return error instanceof Error ? error : new FdpError('FDP_INTERNAL', `${name}: ${text}`);
}

/** True if the server went away or stepped down during a query: another may respond. */
export function isServerLost(error: Error): boolean {
  return error instanceof FdpError && (error.code === 'FDP_CONNECTION_LOST' || error.code === 'FDP_UNAVAILABLE');
}

/** A transient error: the store could not be reached. */
export function unavailable(asker: Asker, what: string): FdpError {
  return new FdpError('FDP_UNAVAILABLE', `${asker.name}: ${asker.address.hosts}: ${what}${atlasHint(asker.address)}`);
}

type Known = { readonly code: ConstructorParameters<typeof FdpError>[0]; readonly text: string };

/** Errors that a person must fix. */
function refusal(
  chain: readonly Foreign[],
  { address, database }: Asker,
  { text, first }: { readonly text: string; readonly first: boolean },
): Known | undefined {
  const hint = atlasHint(address);
  const refused = (why: string): Known => ({ code: 'FDP_REFUSED', text: why });
  const has = (test: (error: Foreign) => boolean) => chain.some(test);
  if (has(({ code }) => authenticationCodes.has(code))) {
    const who = address.user === undefined ? 'no user' : `user "${address.user}"`;
    return refused(
      `the server refuses ${who}: ${text}: set the user and password in the url${whereKept(address)}${hint}`,
    );
  }
  if (has(({ code }) => code === unauthorized))
    return refused(
      address.user === undefined
        ? `the server wants a user: ${text}: set user and password in the url`
        : `user "${address.user}" may not do this: ${text}: grant it readWrite on ${database}`,
    );
  if (has(({ code }) => typeof code === 'string' && certificate.test(code)))
    return refused(
      `the server's certificate is not trusted: ${text}: set \`tls: { ca: FILE }\`, or correct the host name`,
    );
  if (first && has(({ code }) => typeof code === 'string' && tlsFailure.test(code)))
    return refused(`no encrypted connection: ${text}: set \`tls\` as the server wants it${hint}`);
  if (has(({ code, syscall }) => syscall === 'open' && (code === 'ENOENT' || code === 'EACCES')))
    return refused(`${text}: name files that can be read in \`tls\``);
  return undefined;
}

function byKind(chain: readonly Foreign[], text: string, hint: string): Known | undefined {
  const [{ name, code } = { name: '', code: undefined }] = chain;
  if (diskCodes.has(code)) return { code: 'FDP_DISK_FULL', text: `the server's disk is full: ${text}` };
  if (permanentCodes.has(code)) return { code: 'FDP_MESSAGE_REFUSED', text: `the server refuses it: ${text}` };
  if (/^Mongo(Parse|InvalidArgument|Compatibility|MissingDependency|MissingCredentials|API)/.test(name))
    return { code: 'FDP_SPEC_INVALID', text: `the url can't be used: ${text}` };
  if (/Selection|DNS/.test(name) || chain.some(isDns))
    return { code: 'FDP_CONNECT_FAILED', text: text + (encryptionHint(text) || hint) };
  if (name === 'AbortError') return { code: 'FDP_CLOSED', text: 'given up' };
  if (code === 50 || code === 262 || /Timeout/.test(name))
    return {
      code: 'FDP_TIMEOUT',
      text: `no answer in time: ${text}${name === 'MongoNetworkTimeoutError' ? hint : ''}`,
    };
  if (transientCodes.has(code)) return { code: 'FDP_UNAVAILABLE', text };
  // The driver sometimes passes socket errors through unchanged.
  const isSocket = chain.some((error) => typeof error.code === 'string' && socketFailure.test(error.code));
  if (isSocket || /Network|Pool|Topology|NotConnected|ClientClosed|Expired|WriteConcern|Stale/.test(name))
    return { code: 'FDP_CONNECTION_LOST', text };
  return undefined;
}

/** If only one of server and client uses TLS, the connection ends without a reason. */
function encryptionHint(text: string): string {
  if (text.includes('before secure TLS connection was established'))
    return ': if the server has no TLS, leave out `tls`, and tls=true of the url';
  return /connection \S+ to \S+ closed/.test(text) ? ': if the server wants TLS, set `tls: {}`' : '';
}

function isDns({ code }: Foreign): boolean {
  return typeof code === 'string' && /^(ENOTFOUND|EAI_|ESERVFAIL|ETIMEOUT|ENODATA|ECONNREFUSED)/.test(code);
}

/** The server does not distinguish a wrong password from a user of another database. */
function whereKept({ user, userDatabase }: Address): string {
  if (user === undefined || userDatabase === undefined) return '';
  const { name, from } = userDatabase;
  const mostly = name === 'admin' ? '' : ', mostly authSource=admin';
  return `; the user is looked for in database "${name}" (${from}): set authSource to the one that it was made in${mostly}`;
}

function atlasHint({ isAtlas }: Address): string {
  return isAtlas ? " (Atlas: is this machine in the project's network access list, and the cluster not paused?)" : '';
}

/** The error, its causes, and the last error of each server of a failed selection. */
function chainOf(error: unknown): Foreign[] {
  const found: Foreign[] = [];
  const open: unknown[] = [error];
  while (open.length > 0 && found.length < 50) {
    const next = open.shift();
    if (typeof next !== 'object' || next === null) continue;
    const one = foreign(next);
    found.push(one);
    open.push(one.cause, ...serverErrors(one.reason));
  }
  return found;
}

function serverErrors(reason: unknown): unknown[] {
  const servers = (reason as { servers?: unknown } | undefined)?.servers;
  return servers instanceof Map ? [...servers.values()].map(({ error }: { error?: unknown }) => error) : [];
}

function foreign(error: unknown): Foreign {
  const { name, code, syscall, cause, reason } = (error ?? {}) as Partial<Foreign>;
  return { name: name ?? '', code, syscall, cause, reason };
}

/** One line, also of a server's error that the driver did not throw. */
function textOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return errorText(typeof message === 'string' && message !== '' ? message : error);
}

/** The driver's error, unless its text contains a secret. */
function causeOf(error: unknown, { address }: Asker): unknown {
  return address.scrub(errorText(error)) === errorText(error) ? error : undefined;
}
