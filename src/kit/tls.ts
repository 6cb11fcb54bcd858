import { constants } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Server, TlsOptions } from 'node:tls';
import type { JSONSchema } from 'json-schema-to-ts';
import { errorText } from '../errors.ts';
import type { Environment } from './environment.ts';
import { FileChanges } from './file-changes.ts';
import type { Proven } from './proven.ts';
import { openToAll } from './rights.ts';
import { type Credentials, readCredentials, type TlsFiles } from './tls-files.ts';

/** The paths of the two files, for the option `tls` of a server. */
export const tlsFileSchemas = {
  cert: {
    type: 'string',
    format: 'path',
    minLength: 1,
    description: "Server: file of its certificate, PEM, and after it the certificates that lead to its authority's.",
    examples: ['/etc/fdp/fullchain.pem'],
  },
  key: {
    type: 'string',
    format: 'path',
    minLength: 1,
    description: 'Server: file of the private key of the certificate, PEM, without a passphrase.',
    examples: ['/etc/fdp/privkey.pem'],
  },
} as const satisfies Record<string, JSONSchema>;

/** The option `tls` of a server. */
export const tlsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['cert', 'key'],
  description:
    'Encrypts all connections. Without: everybody on the way can read and change them. Renewed files are taken over within a second, for new connections.',
  properties: tlsFileSchemas,
} as const satisfies JSONSchema;

/** How long a client may take to agree on keys, ms. */
const handshakeMs = 10_000;
/** A client of TLS 1.2 could have the server agree on new keys again and again, which costs the server more than the client. */
const secureOptions = constants.SSL_OP_NO_RENEGOTIATION;
/** How long before its end a certificate is warned about, ms. */
const soonMs = 14 * 86_400_000;

interface TlsParts extends Pick<Environment, 'clock' | 'log'> {
  /** The connector's name, for messages. */
  readonly name: string;
  /** How a file is called where it is set; `tls.cert` unless given. */
  readonly setting?: (file: keyof TlsFiles) => string;
  /** Of this connector, in this process. */
  readonly proven?: Proven;
}

/**
 * The certificate of one server. New files are taken over when the next client connects; while they can't be used, those
 * before them stay, and the log says why.
 */
export class ServerTls {
  readonly #files: TlsFiles;
  readonly #parts: TlsParts;
  readonly #sockets = new Set<Socket>();
  readonly #changes: FileChanges;
  #current: Credentials | undefined;
  /** What was warned about of this certificate. */
  #warned: string | undefined;

  constructor(files: TlsFiles, parts: TlsParts) {
    this.#files = files;
    this.#parts = parts;
    this.#changes = new FileChanges([files.cert, files.key], parts.clock);
  }

  /**
   * The server that `make` makes with the certificate: it takes over renewed files while it runs, and disconnects those who speak no
   * TLS, for each of whom `refused` is called. @throws FDP_REFUSED when the files can't be used
   */
  serve<S extends Server>(make: (options: TlsOptions) => S, refused: () => void = () => {}): S {
    const server = make(this.#open());
    this.#watch(server, refused);
    return server;
  }

  /** Reads the files, and warns of a certificate that is not valid. */
  #open(): TlsOptions {
    const { proven } = this.#parts;
    this.#changes.seen();
    try {
      const { cert, key } = this.#read();
      proven?.worked('tls');
      return { cert, key, secureOptions, handshakeTimeout: handshakeMs };
    } catch (error) {
      throw proven?.judge('tls', error) ?? error;
    }
  }

  #watch(server: Server, refused: () => void): void {
    const { log, name } = this.#parts;
    // Before the server's own listener, which begins the handshake.
    server.prependListener('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      this.#refresh(server);
    });
    // Without this, an HTTP server would try to reply.
    server.removeAllListeners('tlsClientError');
    server.on('tlsClientError', (error, socket) => {
      refused();
      log.debug({ client: socket.remoteAddress, error: errorText(error) }, `${name}: no TLS with a client`);
      socket.destroy();
    });
  }

  /** Closes what is still open, handshakes among them, of which the server itself knows nothing. */
  end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #refresh(server: Server): void {
    const { log, name } = this.#parts;
    if (!this.#changes.changed()) {
      this.#warn();
      return;
    }
    try {
      const { cert, key, to } = this.#read();
      server.setSecureContext({ cert, key, secureOptions });
      log.info({ valid_to: dayOf(to) }, `${name}: took over a renewed certificate, valid until ${dayOf(to)}`);
    } catch (error) {
      log.error({}, `${name}: keeps the certificate that it has: ${errorText(error)}`);
    }
  }

  #read(): Credentials {
    const { name, setting = (file) => `${name}: tls.${file}` } = this.#parts;
    this.#current = readCredentials(this.#files, setting);
    this.#warned = undefined;
    this.#warn();
    const open = openToAll(this.#files.key);
    if (open !== undefined) this.#parts.log.warn({}, `${name}: ${open}`);
    return this.#current;
  }

  #warn(): void {
    const { clock, log, name } = this.#parts;
    if (!this.#current) return;
    const text = remark(this.#current, clock.now());
    if (text === undefined || text === this.#warned) return;
    this.#warned = text;
    log.warn({}, `${name}: the certificate in ${this.#files.cert} ${text}`);
  }
}

function remark({ from, to }: Credentials, now: number): string | undefined {
  if (now > to) return `expired on ${dayOf(to)}: clients refuse it; replace both files, no restart is needed`;
  if (now < from) return `is valid only from ${dayOf(from)} on: until then clients refuse it; is the clock right?`;
  return now > to - soonMs ? `expires on ${dayOf(to)}: renew it, no restart is needed` : undefined;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}
