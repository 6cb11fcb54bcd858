import { defineConnector, durationMs, FdpError, noUsage, Proven, parseJson, pollSource } from '../src/kit/index.ts';

/** `http_poll`: asks a URL every interval; a message for each item of a JSON array, or one for any other JSON value. */
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
        description: 'What is asked.',
        examples: ['https://example.com/quotes'],
      },
      every: { type: 'string', format: 'duration', default: '10s', description: 'Time between two polls.' },
    },
  },
  example: 'quotes: { type: http_poll, url: "https://example.com/quotes", every: 5s }',
  source: {
    options: noUsage,
    guarantee: () => ({
      loses: { why: 'what the URL answered between two polls, or before a crash, is not asked for again' },
    }),
  },
  check({ every }, report) {
    if (durationMs(every) < 100) report(['every'], 'expected 100ms or more');
  },
  async create({ url, every }, { name }) {
    const proven = new Proven();
    const poll = async (signal: AbortSignal) => {
      const found = await ask(name, url, signal);
      return (Array.isArray(found) ? found : [found]).map((value) => ({ value }));
    };
    return {
      source: (_usage, role) => pollSource(role, { name, everyMs: durationMs(every), proven, poll }),
      close: async () => {},
    };
  },
});

async function ask(name: string, url: string, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, { signal }).catch((cause) => {
    throw new FdpError('FDP_CONNECT_FAILED', `${name}: ${url} can't be reached`, { cause });
  });
  if (response.ok) return parseJson(await response.text());
  await response.body?.cancel();
  const text = `${name}: ${url} answered ${response.status}`;
  if (response.status === 401 || response.status === 403) throw new FdpError('FDP_REFUSED', text);
  const waitMs = 1000 * Number(response.headers.get('retry-after') ?? 0);
  throw new FdpError('FDP_UNAVAILABLE', text, waitMs > 0 ? { fault: 'throttled', waitMs } : {});
}
