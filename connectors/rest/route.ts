import { FdpError } from '../../src/errors.ts';

const parameter = /\{([A-Za-z_][A-Za-z0-9_]*)\}/g;

export interface Route {
  /** As in the pipeline: `GET /api/v1/trades/{symbol}`. */
  readonly text: string;
  /** The same in Express's syntax: `/api/v1/trades/:"symbol"`. */
  readonly path: string;
}

/**
 * Reads the routes of a topology; if two match, the one with fewer parameters wins, then the earlier one.
 * @throws FDP_SPEC_INVALID for another method than GET, and for braces that hold no name
 */
export function readRoutes(routes: readonly string[], name: string): readonly Route[] {
  const parameters = ({ text }: Route) => [...text.matchAll(parameter)].length;
  return routes.map((text) => readRoute(text, name)).sort((a, b) => parameters(a) - parameters(b));
}

function readRoute(text: string, name: string): Route {
  const [method, path = ''] = text.split(' ');
  if (method !== 'GET') throw new FdpError('FDP_SPEC_INVALID', `${name}: route "${text}": only GET is supported`);
  const parts = path.split(new RegExp(parameter)).map((part, index) => {
    if (index % 2 === 1) return `:"${part}"`;
    if (/[{}]/.test(part))
      throw new FdpError('FDP_SPEC_INVALID', `${name}: route "${text}": expected a name in braces, such as {symbol}`);
    return part.replace(/[()[\]+?!:*\\]/g, '\\$&');
  });
  return { text, path: parts.join('') };
}

/** What follows the `?` of a URL; empty when there is none. */
export function rawQuery(url: string): string {
  const start = url.indexOf('?');
  return start < 0 ? '' : url.slice(start + 1);
}

/**
 * The parameters of a query; one that is given more than once is a list.
 * @throws FDP_PARAMETER_INVALID for bad percent-encoding
 */
export function queryOf(query: string): ReadonlyMap<string, string | readonly string[]> {
  const found = new Map<string, string | readonly string[]>();
  for (const pair of query.split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const earlier = found.get(name);
    found.set(name, earlier === undefined ? value : [...(typeof earlier === 'string' ? [earlier] : earlier), value]);
  }
  return found;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch (cause) {
    throw new FdpError('FDP_PARAMETER_INVALID', 'the query string has invalid percent-encoding', { cause });
  }
}
