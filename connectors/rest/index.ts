import { type ConnectorContext, defineConnector, noUsage } from '../../src/kit/declaration.ts';
import { checkExposure, insecureSchema } from '../../src/kit/exposure.ts';
import { counter, figures, gauge } from '../../src/kit/figures.ts';
import { Keys, keyFileSchema } from '../../src/kit/keys.ts';
import { listenClaims, reachable } from '../../src/kit/listen.ts';
import { Proven } from '../../src/kit/proven.ts';
import { ServerTls, tlsSchema } from '../../src/kit/tls.ts';
import { durationMs, sizeBytes } from '../../src/kit/units.ts';
import { checkProxies, rateLimitSchema, trustedProxiesSchema } from './limit-options.ts';
import type { PageFile } from './page.ts';

/**
 * HTTP requests as a source: each is a lane of its own and waits for its reply. Every reply, even to invalid
 * HTTP, is `{"data":...,"error":...,"message":...}`. Clients are authenticated with `keys` only. With `ui` it serves the live page
 * and its stream too; as a sink it takes the prices that the stream shows.
 */
export const rest = defineConnector({
  type: 'rest',
  summary: 'An HTTP server. Each request runs through the operators of its route, which produce the reply.',
  twin: 'requests',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['listen'],
    properties: {
      listen: {
        type: 'string',
        format: 'address',
        description:
          'Address to listen on. 0.0.0.0 listens on all interfaces, which needs `keys` and `tls`, or `insecure: true`.',
        examples: ['127.0.0.1:8000'],
      },
      timeout: {
        type: 'string',
        format: 'duration',
        default: '5s',
        description: 'Time limit for a reply. After it the reply is 504.',
      },
      client_timeout: {
        type: 'string',
        format: 'duration',
        default: '10s',
        description:
          'Time limit for a client to send its request (half of it for the headers), to read its reply, or to read 16 KiB of a file.',
      },
      max_requests: {
        type: 'integer',
        minimum: 1,
        maximum: 100_000,
        default: 100,
        description: 'Maximum number of concurrent requests. Others get 503.',
      },
      max_connections: {
        type: 'integer',
        minimum: 1,
        maximum: 100_000,
        default: 1000,
        description:
          'Maximum number of connections, each from the first request that is let in. Others get 503, and are closed.',
      },
      max_header: {
        type: 'string',
        format: 'size',
        default: '16KiB',
        description: 'Maximum size of the headers of a request. Larger ones get 431.',
      },
      max_url: {
        type: 'string',
        format: 'size',
        default: '4KiB',
        description: 'Maximum length of a URL. Longer ones get 414.',
      },
      hosts: {
        type: ['array', 'string'],
        items: { type: 'string', minLength: 1, maxLength: 253 },
        maxItems: 100,
        default: [],
        description:
          'Host names that the server answers to besides localhost and IP addresses, as a list or separated by commas. Requests for other names get 421. `*` is every name. Default: no further names if it listens on this machine only, else every name.',
        examples: [['api.example.com']],
      },
      cors: {
        type: 'array',
        items: {
          type: 'string',
          pattern: '^(\\*|https?://[^/\\s]+)$',
          expected: 'an origin such as https://example.com, or *',
        },
        maxItems: 100,
        default: [],
        description: 'Origins (CORS) whose pages may read the replies. `*` is every origin. Default: none.',
        examples: [['https://charts.example.com']],
      },
      keys: {
        type: 'object',
        additionalProperties: false,
        required: ['file'],
        description:
          'Who may ask. Without: everybody who can reach the port. With: whoever sends one of these keys, as `Authorization: Bearer KEY`, as `X-API-Key: KEY`, or, in a browser, as the password that it asks for. Others get 401, and 403 for what their key has no scope for.',
        properties: { file: keyFileSchema },
      },
      rate_limit: rateLimitSchema,
      trusted_proxies: trustedProxiesSchema,
      tls: tlsSchema,
      insecure: insecureSchema,
      ui: {
        type: 'boolean',
        default: false,
        description:
          'Whether to serve the live page on `/`, and its data on `/api/v1/stream`: prices, and the state and options of all processes. `/docs` and `/openapi.json`, the reference of the API, are always served.',
      },
      max_streams: {
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
        default: 50,
        description: 'Maximum number of open live pages. Others get 503.',
      },
      max_downloads: {
        type: 'integer',
        minimum: 1,
        maximum: 10_000,
        default: 10,
        description:
          'Maximum number of files that are sent at the same time (`reply` with `file`). Others get 503. Each counts as a request, too.',
      },
    },
  },
  figures: {
    downloads_open: gauge('open_downloads', 'Files that are being sent.'),
    abandoned: counter('abandoned_requests', 'Requests whose client left before the reply.'),
    malformed: counter('malformed_requests', 'Requests that are no HTTP.'),
    rate_limited: counter('rate_limited_requests', 'Requests refused because of `rate_limit`.'),
    refused: counter('refused_requests', 'Requests refused because max_requests were open.'),
    refused_connections: counter(
      'refused_connections',
      'Connections closed because max_connections were open, or too many others had asked nothing yet.',
    ),
    requests: counter('requests', 'Requests for a route.'),
    requests_open: gauge('open_requests', 'Requests without a reply yet.'),
    slow_clients: figures.slow_clients,
    slow_streams: counter('slow_streams', 'Live pages disconnected because they did not read.'),
    streams_open: gauge('open_streams', 'Live pages that are connected.'),
    timed_out: counter('timed_out_requests', 'Requests answered with 504.'),
    wrong_keys: figures.wrong_keys,
  },
  example: 'http: { type: rest, listen: "127.0.0.1:8000", timeout: 5s }',
  source: {
    requests: true,
    exclusive: true,
    options: noUsage,
    guarantee: () => ({
      loses: { why: 'a request that fails is answered with an error; its client may send it again, fdp does not' },
    }),
  },
  sink: {
    beside: 'source',
    shows: true,
    options: noUsage,
    guarantee: () => ({ loses: { why: 'a live page shows what is sent while it is open, and confirms nothing' } }),
  },

  check(options, report) {
    checkExposure(options, report);
    checkProxies(options.trusted_proxies, report);
  },
  claims: ({ listen }) => listenClaims(listen),
  address: ({ listen, ui, tls }, role) => {
    if (role === 'sink' && !ui) return undefined;
    const { host, port } = reachable(listen);
    return `${tls ? 'https' : 'http'}://${host}:${port}`;
  },

  async create(options, environment) {
    const { name } = environment;
    const { listen, cors: origins } = options;
    const hosts = typeof options.hosts === 'string' ? namesIn(options.hosts) : options.hosts;
    const [{ RestSource }, { PriceSink }, { Prices }, { isReference, readPage }, { default: express }] =
      await Promise.all([
        import('./source.ts'),
        import('./price-sink.ts'),
        import('./prices.ts'),
        import('./page.ts'),
        import('express'),
      ]);
    const prices = new Prices(environment);
    const proven = new Proven();
    const keys = options.keys && new Keys(options.keys.file, name, environment);
    const tls = options.tls && new ServerTls(options.tls, { ...environment, proven });
    const limits = {
      timeoutMs: durationMs(options.timeout),
      clientTimeoutMs: durationMs(options.client_timeout),
      maxRequests: options.max_requests,
      maxConnections: options.max_connections,
      maxHeader: sizeBytes(options.max_header),
      maxUrl: sizeBytes(options.max_url),
      maxStreams: options.max_streams,
      maxDownloads: options.max_downloads,
    };
    const built = readPage();
    const page = options.ui
      ? { prices, files: pageFiles(built, environment) }
      : { prices: undefined, files: built?.filter(isReference) ?? [] };
    return {
      source: (_usage, context) =>
        new RestSource(context, {
          name,
          address: listen,
          proven,
          hosts,
          origins,
          proxies: options.trusted_proxies,
          keys,
          tls,
          rateLimits: options.rate_limit,
          limits,
          app: express(),
          ...page,
        }),
      sink: (_usage, role) => new PriceSink(prices, role),
      close: async () => prices.close(),
    };
  },
});

function namesIn(text: string): readonly string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** Requests are served even if the page was not built. */
function pageFiles(files: readonly PageFile[] | undefined, { name, log }: ConnectorContext): readonly PageFile[] {
  if (!files) log.warn({}, `${name}: the live page is not built: run "npm run build"; the API works without it`);
  return files ?? [];
}
