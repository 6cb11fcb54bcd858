#!/usr/bin/env node
// The health check of the image: 0 while the process answers and nothing in it has failed for good. Plain JavaScript on one
// module: it runs every ten seconds.

const { OBSERVE_HOST: host = '', OBSERVE_PORT: port, OBSERVE_TLS_CERT: cert = '' } = process.env;
const isAll = host === '' || host === '0.0.0.0' || host === '::';

/** Says why, where `docker inspect` shows it, and ends the process. */
function end(code, text) {
  process.stdout.write(`${text.trim()}\n`, () => process.exit(code));
}

const { get } = await import(cert === '' ? 'node:http' : 'node:https');
const to = { host: isAll ? '127.0.0.1' : host, port: port || 9464, path: '/health', timeout: 4000 };
// It asks its own process, under an address that no certificate has.
get({ ...to, rejectUnauthorized: false }, async (response) => {
  let body = '';
  for await (const chunk of response.setEncoding('utf8')) body += chunk;
  end(response.statusCode === 200 ? 0 : 1, body);
})
  .on('timeout', () => end(1, 'no answer within 4 s'))
  .on('error', ({ message }) => end(1, message));
