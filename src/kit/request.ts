import type { FdpError } from '../errors.ts';

/** One request that waits for its reply. Belongs to its batch, not to a message. */
export interface RequestContext {
  /** The requested path without its query, to make links from. */
  readonly path: string;
  /** The query string without its `?`; empty if there is none. Separates its parameters from those of the path. */
  readonly query: string;
  /** Left by `find` for `reply`: where the next page begins, null on the last one. */
  page?: PageEdge | null;
  /** Of `respond` and `fail`, the first call wins; later ones are ignored. */
  respond(data: unknown): void;
  fail(error: FdpError): void;
  /** Ends work on the request: fails it, if it still waits, and aborts its lane's signal. */
  stop(error: FdpError): void;
}

/** A route as its clients see it, made from the declarations of its operators. Schemas are JSON Schema 2020-12. */
export interface RouteDescription {
  /** `GET /api/v1/trades/{symbol}` */
  readonly route: string;
  readonly parameters: readonly RouteParameter[];
  /** The schema of the reply's data; empty if unknown. */
  readonly reply: Readonly<Record<string, unknown>>;
  /** What the route returns; left out if no operator describes it. */
  readonly description?: string;
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
