import { defineConnector, FdpError, linesOf, noUsage, type Sink } from '../src/kit/index.ts';

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
        examples: ['http://localhost:9000/ticks'],
      },
    },
  },
  example: 'out: { type: webhook, url: "http://localhost:9000/ticks" }',
  sink: { options: noUsage, guarantee: () => ({ repeats: { why: 'what is written again is posted again' } }) },
  create: async ({ url }, { name }) => ({ sink: () => webhookSink(name, url), close: async () => {} }),
});

function webhookSink(name: string, url: string): Sink {
  return {
    ordered: true,
    connect: async () => {},
    close: async () => {},
    async write(messages, signal) {
      const { text, failed } = linesOf(messages, name);
      if (text !== '') await post(name, url, { text, signal });
      return { failed };
    },
  };
}

async function post(name: string, url: string, { text, signal }: { text: string; signal: AbortSignal }): Promise<void> {
  const headers = { 'content-type': 'application/x-ndjson' };
  const { ok, status } = await fetch(url, { method: 'POST', body: text, headers, signal }).catch((cause) => {
    throw new FdpError('FDP_CONNECTION_LOST', `${name}: ${url} can't be reached`, { cause });
  });
  if (ok) return;
  const isRefused = status >= 400 && status < 500 && status !== 408 && status !== 429;
  throw new FdpError(isRefused ? 'FDP_MESSAGE_REFUSED' : 'FDP_UNAVAILABLE', `${name}: ${url} answered ${status}`);
}
