import { isIPv4, isIPv6 } from 'node:net';
import type { JSONSchema } from 'json-schema-to-ts';
import type { Report } from '../../src/kit/declaration.ts';

/** How often clients may ask, for the option `rate_limit`. */
export const rateLimitSchema = {
  type: 'object',
  additionalProperties: false,
  description:
    'How often a client may ask; what is more gets 429, with `Retry-After`. Replies say what is left: `RateLimit-Policy`, `RateLimit`. Default: without limit.',
  properties: {
    per_address: {
      type: 'string',
      format: 'rate',
      description:
        'Requests of an IPv4 address, or of a /64 network of IPv6, in the long run. Clients behind one proxy have one address, unless it is in `trusted_proxies`.',
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

/** The option `trusted_proxies`. */
export const trustedProxiesSchema = {
  type: 'array',
  items: { type: 'string', minLength: 1, maxLength: 60 },
  maxItems: 100,
  default: [],
  description:
    'Addresses and networks (CIDR) of reverse proxies. A request that comes from one counts for the address that it says in `X-Forwarded-For`; in requests of others the header means nothing. Default: none.',
  examples: [['127.0.0.1', '10.0.0.0/8']],
} as const satisfies JSONSchema;

/** Reports what is no address and no network of `trusted_proxies`. */
export function checkProxies(proxies: readonly string[], report: Report): void {
  for (const [index, text] of proxies.entries()) {
    if (isNetwork(text)) continue;
    const expected =
      'expected an address or a network such as 10.0.0.0/8; /0 would be everybody, who could say anything';
    report(['trusted_proxies', index], `${JSON.stringify(text)} is neither: ${expected}`);
  }
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const most = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : 0;
  return most > 0 && (bits === undefined || (Number(bits) >= 1 && Number(bits) <= most));
}
