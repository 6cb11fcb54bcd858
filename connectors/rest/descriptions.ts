import type { Request, Response } from 'express';
import { reachable } from '../../src/kit/listen.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Endpoint } from './application.ts';
import { asyncApi } from './asyncapi.ts';
import { openApi } from './openapi.ts';

/** How a server can be asked. */
interface Served {
  /** Its `listen`. */
  readonly address: string;
  /** Whether it has the live page's stream. */
  readonly hasStream: boolean;
  readonly hasTls: boolean;
  readonly hasKeys: boolean;
  readonly hasLimits: boolean;
}

/** `/openapi.json` and `/asyncapi.json`. */
export function descriptions(
  context: RoleContext,
  { address, hasStream, hasTls, hasKeys, hasLimits }: Served,
): readonly Endpoint[] {
  const { routes, channels = [], platform } = context;
  const version = platform?.snapshot().version ?? 'unknown';
  const { host, port } = reachable(address);
  const protocol = hasTls ? 'https' : 'http';
  const events = hasStream ? ({ protocol, hasKeys, host: `${host}:${port}` } as const) : undefined;
  return [
    document('/openapi.json', openApi({ version, routes, hasStream, hasKeys, hasLimits })),
    document('/asyncapi.json', asyncApi({ version, channels, events })),
  ];
}

function document(path: string, content: object): Endpoint {
  const body = JSON.stringify(content);
  const answer = (_request: Request, response: Response) => {
    response.set('Cache-Control', 'no-cache').type('json').send(body);
    return undefined;
  };
  return { path, answer };
}
