import type { JSONSchema } from 'json-schema-to-ts';

/** How often clients may ask, for the option `rate_limit`. */
export const rateLimitSchema = {
  type: 'object',
  additionalProperties: false,
  description:
    'How often a client may ask; what is more gets 429, with `Retry-After`. Replies say what is left: `RateLimit-Limit`, `RateLimit-Remaining`, `RateLimit-Reset`. Default: without limit.',
  properties: {
    per_address: {
      type: 'string',
      format: 'rate',
      description:
        'Requests of an IPv4 address, or of a /64 network of IPv6, in the long run. Clients behind one proxy have one address.',
      examples: ['600/m'],
    },
    per_key: {
      type: 'string',
      format: 'rate',
      description: 'Requests with one of the `keys`, in the long run, from whatever addresses.',
      examples: ['50/s'],
    },
    burst: {
      type: 'integer',
      minimum: 1,
      maximum: 1_000_000,
      description: 'Requests that may come at once. Default: those of ten seconds, at least 1.',
      examples: [100],
    },
  },
} as const satisfies JSONSchema;
