import type { Template } from './template.ts';

export const sink: Template = {
  source: ({ type, variable }) => `import { defineConnector, FdpError, linesOf, noUsage } from 'fdp';

/** \`${type}\`: posts each write as lines of JSON. Stored is what was answered with a status of 2xx. */
export const ${variable} = defineConnector({
  type: '${type}',
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
  example: 'out: { type: ${type}, url: "http://localhost:9000/trades" }',
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
          throw new FdpError('FDP_CONNECTION_LOST', \`\${name}: \${url} can't be reached\`, { cause });
        });
        await response.body?.cancel();
        const { ok, status } = response;
        if (ok) return { failed };
        const isRefused = status >= 400 && status < 500 && status !== 408 && status !== 429;
        const code = isRefused ? 'FDP_MESSAGE_REFUSED' : 'FDP_UNAVAILABLE';
        throw new FdpError(code, \`\${name}: \${url} answered \${status}\`);
      },
    }),
    close: async () => {},
  }),
});
`,
  test: ({ type, variable, module }) => `import { once } from 'node:events';
import { createServer } from 'node:http';
import { connectorBench, sinkContract, testMessage } from 'fdp/testing';
import { describe, it } from 'vitest';
import { ${variable} } from '${module}';

describe('${type}', () => {
  const checks = sinkContract(async () => {
    let stored = '';
    let hangs = false;
    const server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      if (hangs) return;
      stored += text;
      response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const bench = await connectorBench(${variable}, { url: \`http://127.0.0.1:\${port}/\` });
    return {
      clock: bench.clock,
      sink: bench.sink(),
      guarantee: bench.guarantee,
      message: (number) => testMessage({ number }),
      refused: () => testMessage({ number: 1n }), // JSON has no such number
      stored: async () =>
        stored
          .split('\\n')
          .slice(0, -1)
          .map((line) => JSON.parse(line).number),
      hang: async () => {
        hangs = true;
      },
      dispose: async () => {
        server.close();
        server.closeAllConnections();
      },
    };
  });
  for (const { title, run } of checks) it(title, run);
});
`,
};
