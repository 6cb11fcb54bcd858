import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, sep } from 'node:path';
import { parse } from 'yaml';
import { packageRoot } from '../../src/kit/package-root.ts';
import type { ReplayControl } from '../../src/kit/replay.ts';
import type { Endpoint } from './application.ts';
import { replayEndpoints } from './replay.ts';

/** A file of the live page, as it is served. */
export interface PageFile {
  /** `/`, `/docs`, `/main.js`, `/parts/chunk-2XHF.js` */
  readonly path: string;
  /** Its media type. */
  readonly type: string;
  readonly body: Buffer;
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json; charset=utf-8',
};

/** Content Security Policy: everything comes from this server, and the page can't be framed. */
const pageHeaders = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cache-Control': 'no-cache',
} as const;

const chartPath = '/assets/lightweight-charts.js';

/** The folder of the built page. */
export const pageFolder = join(packageRoot(), 'dist', 'page');

/**
 * Reads the built page, once: only these files are served. `index.html` is `/`, and another
 * `NAME.html` is `/NAME`. Undefined when there is none.
 */
export function readPage(folder = pageFolder): readonly PageFile[] | undefined {
  if (!existsSync(join(folder, 'index.html'))) return undefined;
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name) => {
    const type = types[extname(name)];
    return type ? [{ path: pathOf(name), type, body: readFileSync(join(folder, name)) }] : [];
  });
  return [...files, chartLibrary(), ...calendars()];
}

/** Whether a file is needed for `/docs`, the reference of the API, too. */
export function isReference({ path }: PageFile): boolean {
  return path !== '/' && path !== '/main.js' && path !== chartPath && !path.startsWith('/calendars/');
}

/** Serves each file at its path, with the controls of a tape; browsers revalidate each time, and get 304 if nothing has changed. */
export function pageEndpoints(files: readonly PageFile[], replay?: ReplayControl): readonly Endpoint[] {
  const served = files.map(fileEndpoint);
  return [...served, ...replayEndpoints(replay)];
}

function fileEndpoint({ path, type, body }: PageFile): Endpoint {
  const headers = {
    ...pageHeaders,
    'Content-Type': type,
    ETag: `"${createHash('sha256').update(body).digest('base64url')}"`,
  };
  return {
    path,
    answer: (_request, response) => {
      response.set(headers).send(body);
      return undefined;
    },
  };
}

function pathOf(name: string): string {
  const path = `/${name.split(sep).join('/')}`;
  return path === '/index.html' ? '/' : path.replace(/\.html$/, '');
}

/** The shipped calendars: when a market is open is shaded in the chart. */
function calendars(): readonly PageFile[] {
  const folder = join(packageRoot(), 'calendars');
  return readdirSync(folder).map((name) => ({
    path: `/calendars/${basename(name, '.yml')}.json`,
    type: types['.json'] ?? '',
    body: Buffer.from(JSON.stringify(parse(readFileSync(join(folder, name), 'utf8')))),
  }));
}

function chartLibrary(): PageFile {
  const folder = dirname(createRequire(import.meta.url).resolve('lightweight-charts/package.json'));
  const body = readFileSync(join(folder, 'dist', 'lightweight-charts.standalone.production.mjs'));
  return { path: chartPath, type: types['.js'] ?? '', body };
}
