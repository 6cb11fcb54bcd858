import type { FileDescription, RouteDescription } from '../../src/kit/request.ts';
import { type RowText, rowText, textMediaTypes } from '../../src/kit/row-text.ts';
import { eventMessages } from './event-schemas.ts';
import { errorReplies, errorSchema, refused, refusedOften, refusedStrangers } from './openapi-errors.ts';

interface ApiParts {
  /** The version of fdp. */
  readonly version: string;
  readonly routes: readonly RouteDescription[];
  /** Whether the live page's stream is served. */
  readonly hasStream: boolean;
  /** Whether a key is required. */
  readonly hasKeys?: boolean;
  /** Whether clients may ask only so often. */
  readonly hasLimits?: boolean;
}

type Schema = Readonly<Record<string, unknown>>;

const description = [
  'Every reply is an envelope of `data`, `error` and `message`. After an error `data` is null, `error` says what is wrong,',
  'and `code` and `request_id` are present too. An unknown path gets 404, a method other than GET and HEAD gets',
  '405, in the same envelope. HEAD is like GET, without the body.',
].join(' ');

/** The OpenAPI 3.1 document of a server's routes. */
export function openApi({ version, routes, hasStream, hasKeys = false, hasLimits = false }: ApiParts): object {
  const operations: Readonly<Record<string, Operation>> = {
    ...Object.fromEntries(routes.map((route) => [pathOf(route), operation(route)])),
    ...(hasStream ? { '/api/v1/stream': stream } : {}),
    '/openapi.json': itself,
    '/asyncapi.json': beside,
  };
  const paths = Object.entries(operations).map(([path, get]) => {
    const more = { ...(hasKeys ? refusedStrangers() : {}), ...(hasLimits ? refusedOften() : {}) };
    const responses = { ...get.responses, ...more };
    return [path, { get: { ...get, responses } }];
  });
  return {
    openapi: '3.1.0',
    info: { title: 'fdp', version, description },
    servers: [{ url: '/' }],
    ...(hasKeys ? { security: Object.keys(keySchemes).map((name) => ({ [name]: [] })) } : {}),
    paths: Object.fromEntries(paths),
    components: {
      schemas: { Error: errorSchema },
      responses: errorReplies({ hasKeys, hasLimits }),
      ...(hasKeys ? { securitySchemes: keySchemes } : {}),
    },
  };
}

/** How a request has its key. */
const keySchemes = {
  bearer: { type: 'http', scheme: 'bearer' },
  header: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
  browser: { type: 'http', scheme: 'basic' },
};

/** An operation of the document; what else it has is for readers. */
interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly object[];
  readonly responses: object;
}

function operation(route: RouteDescription): Operation {
  return {
    operationId: idOf(route.route),
    summary: route.description ?? route.route,
    parameters: route.parameters.map(({ name, in: position, schema: given, description: text, example }) => ({
      ...{ name, in: position, required: position === 'path', schema: given },
      ...(text ? { description: text } : {}),
      ...(example === undefined ? {} : { example }),
    })),
    responses: {
      200: route.file ? fileReply(route.file) : rowsReply(route.reply),
      ...(route.mayBeMissing ? { 404: { $ref: '#/components/responses/NotFound' } } : {}),
      ...refused(),
    },
  };
}

function rowsReply(reply: Schema): object {
  const schema = envelope(reply);
  return { description: 'The reply', content: { 'application/json': { schema, example: sampleOf(schema) } } };
}

/** A file, in each of its formats, with an example of a row. */
function fileReply({ formats, columns }: FileDescription): object {
  const row = Object.fromEntries(columns.map(([field, type]) => [field, fileSamples[type] ?? 'text']));
  const sample = ({ head, lines }: RowText) => head + lines([row]);
  const content = formats.map((format) => [
    textMediaTypes[format].replace(/;.*/, ''),
    { schema: { type: 'string' }, example: sample(rowText(format, columns)) },
  ]);
  return {
    description: [
      'A file, which is sent while it is read: a line per row, a date as RFC 3339, a decimal with all of its digits.',
      'It is complete if the transfer ends as HTTP/1.1 says; otherwise the connection is broken.',
    ].join(' '),
    headers: {
      'Content-Disposition': {
        description: 'The name of the file.',
        schema: { type: 'string', pattern: '^attachment;' },
      },
    },
    content: Object.fromEntries(content),
  };
}

const fileSamples: Readonly<Record<string, unknown>> = {
  ...{ decimal: '196.38', date: 1_763_645_598_585, int64: 1, number: 1, boolean: true },
};

function documentOf(example: Schema): object {
  return { schema: { type: 'object', required: Object.keys(example) }, example };
}

const itself = {
  operationId: 'get_openapi_json',
  summary: 'This document.',
  responses: {
    200: {
      description: 'OpenAPI 3.1.',
      content: { 'application/json': documentOf({ openapi: '3.1.0' }) },
    },
    ...refused(400, 408, 413, 414, 421, 431, 500),
  },
};

const beside = {
  operationId: 'get_asyncapi_json',
  summary: 'What is sent without being asked for: the topics, the TCP feed, the events of the live page.',
  responses: {
    200: {
      description: 'AsyncAPI 3.0.',
      content: { 'application/json': documentOf({ asyncapi: '3.0.0' }) },
    },
    ...refused(400, 408, 413, 414, 421, 431, 500),
  },
};

const eventsExample = eventMessages
  .flatMap(({ name, examples }) => examples.map((data) => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`))
  .join('');

const stream = {
  operationId: 'get_api_v1_stream',
  summary: 'Prices and the state of all processes, as they change.',
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
      example: '9x2k-17',
    },
  ],
  responses: {
    200: {
      description: 'Events, without end. `/asyncapi.json` has the schemas of their data.',
      content: { 'text/event-stream': { schema: { type: 'string' }, example: eventsExample } },
    },
    ...refused(400, 408, 413, 414, 421, 431, 500, 503),
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
