#!/usr/bin/env node
// The health check of the image: 0 while the process answers and nothing in it waits for a person. What time cures (a store
// that is away) is no reason to be unhealthy. Plain JavaScript on a few modules: it runs every ten seconds.
import { get } from 'node:http';

/** States of a topology that only a person ends. */
const lasting = new Set(['failed', 'held']);
const { OBSERVE_HOST: host = '', OBSERVE_PORT: port } = process.env;
const isAll = host === '' || host === '0.0.0.0' || host === '::';

/** Says why, where `docker inspect` shows it, and ends the process. */
function end(code, text) {
  process.stdout.write(`${text}\n`, () => process.exit(code));
}

/** What is wrong, a line a topology. */
function wrongIn({ topologies }) {
  return topologies
    .filter(({ state }) => lasting.has(state))
    .map(({ name, state, reason }) => `${name}: ${state}: ${reason}`);
}

get(
  { host: isAll ? '127.0.0.1' : host, port: port || 9464, path: '/health/ready', timeout: 4000 },
  async (response) => {
    try {
      let body = '';
      for await (const chunk of response.setEncoding('utf8')) body += chunk;
      const wrong = wrongIn(JSON.parse(body));
      end(wrong.length === 0 ? 0 : 1, wrong.join('\n') || 'well');
    } catch (error) {
      end(1, `the health can't be read: ${error.message}`);
    }
  },
)
  .on('timeout', () => end(1, 'no answer within 4 s'))
  .on('error', ({ message }) => end(1, message));
