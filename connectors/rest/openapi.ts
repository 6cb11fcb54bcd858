import type { RouteDescription } from '../../src/kit/request.ts';

interface ApiParts {
  /** The version of fdp. */
  readonly version: string;
  readonly routes: readonly RouteDescription[];
  /** Whether the live page's stream is served. */
  readonly hasStream: boolean;
}

type Schema = Readonly<Record<string, unknown>>;

/** The errors of any request, with their replies. */
const refusals: Readonly<Record<string, readonly [name: string, code: string, when: string, error: string]>> = {
  400: [
    'BadRequest',
    'FDP_PARAMETER_INVALID',
    'A parameter is invalid or unknown, or this is not an HTTP request.',
    'limit: expected an integer, got "x"',
  ],
  408: ['RequestTimeout', 'FDP_TIMEOUT', 'The request took too long to arrive.', 'the request took too long to arrive'],
  413: [
    'ContentTooLarge',
    'FDP_PARAMETER_INVALID',
    'The body of the request is too large.',
    'the body of the request is larger than 65536 bytes',
  ],
  414: [
    'UriTooLong',
    'FDP_PARAMETER_INVALID',
    'The URL is longer than `max_url`.',
    'the URL is longer than 4096 bytes',
  ],
  421: [
    'MisdirectedRequest',
    'FDP_PARAMETER_INVALID',
    'The server does not serve the name in the Host header.',
    'this server does not serve the name in the Host header',
  ],
  431: [
    'HeadersTooLarge',
    'FDP_PARAMETER_INVALID',
    'The headers are larger than `max_header`.',
    'the headers of the request are too large',
  ],
  500: ['InternalError', 'FDP_INTERNAL', 'An internal error; the log has the details.', 'internal error'],
  503: [
    'Unavailable',
    'FDP_UNAVAILABLE',
    'A dependency is unavailable, or there are too many requests: try again after `Retry-After`.',
    'a dependency of this request is unavailable: try again later',
  ],
  504: ['Timeout', 'FDP_TIMEOUT', 'There was no reply within `timeout`.', 'request timed out'],
};

/** The reply to a request for no route. */
const elsewhere: typeof refusals = {
  404: ['NotFound', 'FDP_NOT_FOUND', 'There is no such route.', 'there is no such route'],
  405: [
    'MethodNotAllowed',
    'FDP_METHOD_NOT_ALLOWED',
    'Only GET and HEAD are supported.',
    'only GET and HEAD are supported here',
  ],
};

const requestId = '2f1c7d1e-6f0b-4a55-9d8e-6f2f0f6f8a11';

const description = [
  'Every reply is an envelope of `data`, `error` and `message`. After an error `data` is null, `error` says what is wrong,',
  'and `code` and `request_id` are present too. An unknown path gets 404, a method other than GET and HEAD gets',
  '405, in the same envelope. HEAD is like GET, without the body.',
].join(' ');

/** The OpenAPI 3.1 document of a server's routes. */
export function openApi({ version, routes, hasStream }: ApiParts): object {
  const answers = Object.entries({ ...refusals, ...elsewhere });
  return {
    openapi: '3.1.0',
    info: { title: 'fdp', version, description },
    servers: [{ url: '/' }],
    paths: {
      ...Object.fromEntries(routes.map((route) => [pathOf(route), { get: operation(route) }])),
      ...(hasStream ? { '/api/v1/stream': { get: stream } } : {}),
      '/openapi.json': { get: itself },
    },
    components: {
      schemas: { Error: errorSchema },
      responses: Object.fromEntries(
        answers.map(([status, [name, code, when, error]]) => {
          const example = { data: null, error, message: null, code, request_id: requestId };
          const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' }, example } };
          return [name, { description: when, content, ...(status === '503' ? { headers: retryAfter } : {}) }];
        }),
      ),
    },
  };
}

function operation(route: RouteDescription): object {
  const schema = envelope(route.reply);
  const content = { 'application/json': { schema, example: sampleOf(schema) } };
  return {
    operationId: idOf(route.route),
    summary: route.description ?? route.route,
    parameters: route.parameters.map(({ name, in: position, schema: given, description: text, example }) => ({
      ...{ name, in: position, required: position === 'path', schema: given },
      ...(text ? { description: text } : {}),
      ...(example === undefined ? {} : { example }),
    })),
    responses: {
      200: { description: 'The reply', content },
      ...(route.mayBeMissing ? { 404: { $ref: '#/components/responses/NotFound' } } : {}),
      ...refused(),
    },
  };
}

const itself = {
  operationId: 'get_openapi_json',
  summary: 'This document.',
  responses: {
    200: {
      description: 'OpenAPI 3.1.',
      content: { 'application/json': { schema: { type: 'object', required: ['openapi'] } } },
    },
    ...refused(400, 408, 413, 414, 421, 431, 500),
  },
};

const stream = {
  operationId: 'get_api_v1_stream',
  summary: 'Prices and the state of all processes, as they change',
  description: [
    'Server-Sent Events. `prices`, at most four times a second and only if something changed:',
    '`{"at": Unix ms, "full": true for everything that is known, "symbols": [{"symbol", "price", "vwap" (may be null),',
    '"time", "trades": lines since the last event, "high" and "low": of these lines, where it is not the last price}]}`.',
    '`status`, once per second: `{"at": Unix ms, "processes": what each process reports, "error": why the other processes',
    'are not known}`. A client that reconnects with `Last-Event-ID` gets what it missed.',
  ].join(' '),
  parameters: [
    {
      name: 'Last-Event-ID',
      in: 'header',
      required: false,
      description: 'The id of the last event that the client received. Browsers send it automatically.',
      schema: { type: 'string' },
    },
  ],
  responses: {
    200: { description: 'Events, without end.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
    ...refused(400, 408, 413, 414, 421, 431, 500, 503),
  },
};

const retryAfter = { 'Retry-After': { description: 'Seconds.', schema: { type: 'string', pattern: '^\\d+$' } } };

const errorSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['data', 'error', 'message', 'code', 'request_id'],
  properties: {
    data: { type: 'null' },
    error: { type: 'string', description: 'What is wrong, in one line.' },
    message: { type: 'null' },
    code: { type: 'string', pattern: '^FDP_[A-Z_]+$', description: 'The kind of error, for programs.' },
    request_id: {
      type: 'string',
      pattern: '^[\\w.-]{1,64}$',
      description: 'As in the header `X-Request-Id`, and in the log.',
    },
  },
};

function envelope(data: Schema): Schema {
  return {
    type: 'object',
    additionalProperties: false,
    required: ['data', 'error', 'message'],
    properties: { data, error: { type: 'null' }, message: { type: 'null' } },
  };
}

function refused(...statuses: readonly number[]): object {
  const chosen = Object.entries(refusals).filter(
    ([status]) => statuses.length === 0 || statuses.includes(Number(status)),
  );
  return Object.fromEntries(chosen.map(([status, [name]]) => [status, { $ref: `#/components/responses/${name}` }]));
}

function pathOf({ route }: RouteDescription): string {
  return route.slice(route.indexOf(' ') + 1);
}

function idOf(route: string): string {
  return route
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_|_$/g, '');
}

/** An example value for a schema: its own, otherwise the simplest one of its type. */
function sampleOf(schema: Schema): unknown {
  const { examples, type, properties, items } = schema as {
    readonly examples?: readonly unknown[];
    readonly type?: string | readonly string[];
    readonly properties?: Readonly<Record<string, Schema>>;
    readonly items?: Schema;
  };
  if (examples) return examples[0];
  switch (typeof type === 'string' ? type : type?.[0]) {
    case 'object':
      return Object.fromEntries(Object.entries(properties ?? {}).map(([name, each]) => [name, sampleOf(each)]));
    case 'array':
      return items ? [sampleOf(items)] : [];
    case 'string':
      return 'text';
    case 'number':
    case 'integer':
      return 1;
    case 'boolean':
      return true;
    default:
      return null;
  }
}
