import type { FdpError } from '../errors.ts';

/** One request that waits for its reply. Belongs to its batch, not to a message. */
export interface RequestContext {
  /** The requested path without its query, to make links from. */
  readonly path: string;
  /** The query as it was asked, without its `?`: tells its parameters from those of the path. Empty when there was none. */
  readonly query: string;
  /** Left by `find` for `reply`: where the next page begins, null on the last one. */
  page?: PageEdge | null;
  /** The first call of the two wins; later ones are ignored. */
  respond(data: unknown): void;
  fail(error: FdpError): void;
  /** Nobody works on it any more: fails it, if it still waits, and aborts its lane's signal. */
  stop(error: FdpError): void;
}

/** A route as those see it who ask: made from what its operators say of themselves. Schemas are JSON Schema 2020-12. */
export interface RouteDescription {
  /** `GET /api/v1/trades/{symbol}` */
  readonly route: string;
  readonly parameters: readonly RouteParameter[];
  /** The schema of the reply's data; an empty one where nobody knows. */
  readonly reply: Readonly<Record<string, unknown>>;
  /** What it answers; left out where nobody says. */
  readonly description?: string;
  /** True when it answers with 404 if what is asked for is not there. */
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
