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

/** The replies to a request without a key, or whose key has no scope for it. */
const strangers: typeof refusals = {
  401: ['Unauthenticated', 'FDP_UNAUTHENTICATED', 'The request has no known key.', 'the key is unknown'],
  403: ['Forbidden', 'FDP_FORBIDDEN', 'The key lacks the scope.', 'the key does not have the scope "stream"'],
};

/** The reply to more requests than `rate_limit` allows, and to one wrong key after the other. */
const often: typeof refusals = {
  429: [
    'TooManyRequests',
    'FDP_RATE_LIMITED',
    'This address or key has sent too many requests, or wrong keys: try again after `Retry-After`.',
    'too many requests of this key: try again after Retry-After seconds',
  ],
};

const requestId = '2f1c7d1e-6f0b-4a55-9d8e-6f2f0f6f8a11';

/** The replies with an error, by name, for the document's components. */
export function errorReplies({
  hasKeys,
  hasLimits,
}: {
  readonly hasKeys: boolean;
  readonly hasLimits: boolean;
}): object {
  const more = { ...(hasKeys ? strangers : {}), ...(hasLimits ? often : {}) };
  const replies = Object.entries({ ...refusals, ...elsewhere, ...more });
  return Object.fromEntries(
    replies.map(([status, [name, code, when, error]]) => {
      const example = { data: null, error, message: null, code, request_id: requestId };
      const content = { 'application/json': { schema: { $ref: '#/components/schemas/Error' }, example } };
      return [
        name,
        { description: when, content, ...(status === '503' || status === '429' ? { headers: retryAfter } : {}) },
      ];
    }),
  );
}

const retryAfter = { 'Retry-After': { description: 'Seconds.', schema: { type: 'string', pattern: '^\\d+$' } } };

/** The envelope of an error. */
export const errorSchema = {
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

/** References to the errors of requests without the key that they need. */
export function refusedStrangers(): object {
  return referencesTo(Object.entries(strangers));
}

/** References to the error of requests beyond the limit. */
export function refusedOften(): object {
  return referencesTo(Object.entries(often));
}

/** References to the errors with these statuses; without any to all that a route may reply with. */
export function refused(...statuses: readonly number[]): object {
  const chosen = Object.entries(refusals).filter(
    ([status]) => statuses.length === 0 || statuses.includes(Number(status)),
  );
  return referencesTo(chosen);
}

function referencesTo(chosen: readonly (readonly [string, (typeof refusals)[string]])[]): object {
  return Object.fromEntries(
    chosen.map(([status, reply]) => [status, { $ref: `#/components/responses/${reply?.[0]}` }]),
  );
}
