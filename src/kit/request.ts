import type { FdpError } from '../errors.ts';
import type { Columns, TextFormat } from './row-text.ts';

/** One request that waits for its reply. Belongs to its batch, not to a message. */
export interface RequestContext {
  /** The requested path without its query, to make links from. */
  readonly path: string;
  /**
   * The query string without its `?`; empty if there is none. Separates its parameters from those
   * of the path.
   */
  readonly query: string;
  /** Left by `find` for `reply`: where the next page begins, null on the last one. */
  page?: PageEdge | null;
  /** The parameters; typed and with their defaults once `params` has read them. */
  parameters?: Readonly<Record<string, unknown>>;
  /** The reply as a file, of a route that describes one; left out by a source that sends none. */
  readonly file?: FileReply | undefined;
  /** Of `respond` and `fail`, the first call wins; later ones are ignored. */
  respond(data: unknown): void;
  fail(error: FdpError): void;
  /** Ends work on the request: fails it, if it still waits, and aborts its lane's signal. */
  stop(error: FdpError): void;
}

/**
 * A reply that is sent while it is made. An error before its first rows becomes an ordinary reply;
 * after them the connection is broken, so that no client takes a part for the whole.
 */
export interface FileReply {
  /**
   * Sends rows, in the format of the file; the first call begins it, even without rows. Ignored
   * once the request is over.
   */
  add(rows: readonly Readonly<Record<string, unknown>>[]): void;
  /**
   * Whether rows are still wanted: true once the client has taken what was added, false as soon as
   * the request is over.
   */
  wantsMore(): Promise<boolean>;
  /** The file is complete. */
  end(): void;
}

/** The file that a route replies with. */
export interface FileDescription {
  /** A template of its name, without the ending, made of parameters: `trades-{symbol}`. */
  readonly name: string;
  /** Its format; several: as the parameter `format` says. */
  readonly formats: readonly TextFormat[];
  readonly columns: Columns;
}

/**
 * A route as its clients see it, made from the declarations of its operators. Schemas are JSON
 * Schema 2020-12.
 */
export interface RouteDescription {
  /** `GET /api/v1/trades/{symbol}` */
  readonly route: string;
  readonly parameters: readonly RouteParameter[];
  /** The schema of the reply's data; empty if unknown. */
  readonly reply: Readonly<Record<string, unknown>>;
  /** What the route returns; left out if no operator describes it. */
  readonly description?: string;
  /** Set when the reply is a file, in place of `reply`. */
  readonly file?: FileDescription;
  /** True if it responds with 404 when nothing is found. */
  readonly mayBeMissing?: boolean;
}

export interface RouteParameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly schema: Readonly<Record<string, unknown>>;
  readonly description?: string;
  readonly example?: unknown;
}

export interface PageEdge {
  /** Value of the first sort field of the last row shown. */
  readonly value: number;
  readonly id: string;
  readonly limit: number;
}
