import type { Request, Response } from 'express';

/** How long a browser may cache a preflight, s. */
const maxAge = 600;

/** Lets pages of these origins read the replies; others get no CORS header, so that browsers block them. */
export function allowOrigin(request: Request, response: Response, origins: readonly string[]): boolean {
  if (origins.length === 0) return false;
  response.vary('Origin');
  const { origin } = request.headers;
  if (origin === undefined || !(origins.includes(origin) || origins.includes('*'))) return false;
  response.set({
    'Access-Control-Allow-Origin': origins.includes('*') ? '*' : origin,
    'Access-Control-Expose-Headers': 'X-Request-Id, Retry-After, Content-Disposition, RateLimit, RateLimit-Policy',
    'Cross-Origin-Resource-Policy': 'cross-origin',
  });
  return true;
}

/** Whether this is a browser's preflight request. */
export function isPreflight({ method, headers }: Request): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

export function answerPreflight(response: Response): void {
  response
    .status(204)
    .set({
      'Access-Control-Allow-Methods': 'GET, HEAD',
      'Access-Control-Allow-Headers': 'Authorization, Last-Event-ID, X-API-Key, X-Request-Id',
      'Access-Control-Max-Age': String(maxAge),
    })
    .end();
}
