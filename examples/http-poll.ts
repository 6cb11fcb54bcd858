import { defineConnector, durationMs, FdpError, noUsage, Proven, parseJson, pollSource } from '../src/kit/index.ts';

/** `http_poll`: polls a URL; a message for each item of a JSON array, or one for any other JSON value. */
export const httpPoll = defineConnector({
  type: 'http_poll',
  summary: 'Polls a URL that answers with JSON.',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['url'],
    properties: {
      url: {
        type: 'string',
        pattern: '^https?://',
        description: 'What is polled.',
        examples: ['https://example.com/quotes'],
      },
      every: { type: 'string', format: 'duration', default: '10s', description: 'Time between two polls.' },
    },
  },
  example: 'quotes: { type: http_poll, url: "https://example.com/quotes", every: 5s }',
  source: {
    options: noUsage,
    // What a restart or a crash loses; fdp explain shows it.
    guarantee: () => ({ loses: { why: 'what the URL answered between two polls is not asked for again' } }),
  },
  check({ every }, report) {
    if (durationMs(every) < 100) report(['every'], 'expected 100ms or more');
  },
  create: async ({ url, every }, { name }) => {
    const proven = new Proven();
    return {
      source: (_usage, role) =>
        pollSource(role, {
          ...{ name, everyMs: durationMs(every), proven },
          async poll(signal) {
            const response = await fetch(url, { signal }).catch((cause) => {
              throw new FdpError('FDP_CONNECT_FAILED', `${name}: ${url} can't be reached`, { cause });
            });
            const text = await response.text();
            const found = response.ok ? parseJson(text) : undefined;
            if (response.ok) return (Array.isArray(found) ? found : [found]).map((value) => ({ value }));
            // The code of an error decides: this one ends the topology, any other poll is repeated.
            const answer = `${name}: ${url} answered ${response.status}`;
            if (response.status === 401 || response.status === 403) throw new FdpError('FDP_REFUSED', answer);
            const waitMs = 1000 * Number(response.headers.get('retry-after') ?? 0);
            throw new FdpError('FDP_UNAVAILABLE', answer, waitMs > 0 ? { fault: 'throttled', waitMs } : {});
          },
        }),
      close: async () => {},
    };
  },
});
