import { defineConnector, FdpError, linesOf, noUsage } from '../src/kit/index.ts';

/** `webhook`: posts each write as lines of JSON. Stored is what was answered with a status of 2xx. */
export const webhook = defineConnector({
  type: 'webhook',
  summary: 'Posts messages to a URL, one JSON value a line.',
  options: {
    type: 'object',
    additionalProperties: false,
    required: ['url'],
    properties: {
      url: {
        type: 'string',
        pattern: '^https?://',
        description: 'Where messages are posted to.',
        examples: ['http://localhost:9000/trades'],
      },
    },
  },
  example: 'out: { type: webhook, url: "http://localhost:9000/trades" }',
  sink: {
    options: noUsage,
    // What a second write does after a crash; fdp explain shows it.
    guarantee: () => ({ repeats: { why: 'what is written again is posted again' } }),
  },
  create: async ({ url }, { name }) => ({
    sink: () => ({
      ordered: true,
      connect: async () => {},
      close: async () => {},
      // What it has returned for is stored. What it throws decides whether the write is tried again.
      async write(messages, signal) {
        const { text, failed } = linesOf(messages, name);
        if (text === '') return { failed };
        const headers = { 'content-type': 'application/x-ndjson' };
        const response = await fetch(url, { method: 'POST', body: text, headers, signal }).catch((cause) => {
          throw new FdpError('FDP_CONNECTION_LOST', `${name}: ${url} can't be reached`, { cause });
        });
        await response.body?.cancel();
        const { ok, status } = response;
        if (ok) return { failed };
        const isRefused = status >= 400 && status < 500 && status !== 408 && status !== 429;
        const code = isRefused ? 'FDP_MESSAGE_REFUSED' : 'FDP_UNAVAILABLE';
        throw new FdpError(code, `${name}: ${url} answered ${status}`);
      },
    }),
    close: async () => {},
  }),
});
