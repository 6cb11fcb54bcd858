import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as requestTls } from 'node:https';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { hashOf, newKey, writeKeyFile } from '../../../src/kit/key-file.ts';
import { planted, plantedPipeline, type Servers, secretsFound, variable } from '../pipeline/planted-secrets.ts';
import { serverFiles } from '../sockets/certificates.ts';
import { freePort } from './platform.ts';

const leaky = `import { defineOperator, perMessage } from 'fdp';
export const leaky = defineOperator({
  type: 'leaky', summary: 'For a test.', example: 'leaky: { password: x }',
  options: {
    type: 'object', description: 'Options.', additionalProperties: false, required: ['password'],
    properties: {
      password: { type: 'string', secret: true, description: 'Of the vault.' },
      crash: { type: 'boolean', default: false, description: 'Whether it breaks the process.' },
    },
  },
  create: ({ password, crash }, context) => {
    const text = () => 'the vault refuses ' + password + ' and ' + process.env.VAULT_TOKEN + ' at ' + process.env.VAULT_URL;
    return perMessage(context, () => {
      if (crash) setTimeout(() => { throw new Error(text()); }, 1);
      throw new Error(text());
    });
  },
});
`;

const inPlugin = {
  option: 'planted-option-7f3ac6',
  read: 'planted-read+/by plugin-7f3ac7',
  url: 'planted-url-7f3ac8',
};

export interface PlantedWorld {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly key: string;
  readonly ports: { readonly http: number; readonly feed: number; readonly exchange: number; readonly observe: number };
  /** Everything that must be nowhere. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What the user has written there. */
export const inputs: ReadonlySet<string> = new Set([
  'pipeline.yml',
  '.env',
  'finnhub.txt',
  'leaky.mjs',
  'server.key',
  'server-ca.key',
]);

/** A folder with a pipeline that has a secret wherever one can be. */
export async function plantedWorld(
  folder: string,
  servers: Servers | ((ports: PlantedWorld['ports']) => Servers),
  crash: boolean,
): Promise<PlantedWorld> {
  const files = serverFiles(folder);
  const key = newKey();
  const keys = join(folder, 'keys.json');
  const stored = { name: 'planted', scopes: ['read', 'stream', 'admin'] as const, hash: hashOf(key).toString('hex') };
  writeKeyFile(keys, [{ ...stored, added: new Date(0).toISOString() }]);
  const ports = {
    http: await freePort(),
    feed: await freePort(),
    exchange: await freePort(),
    observe: await freePort(),
  };
  const text = plantedPipeline({
    ...{ keys, ...files, ...ports },
    servers: typeof servers === 'function' ? servers(ports) : servers,
  });
  const more = `  relay: { source: mock, sink: kafka }
  vault:
    source: mock
    dead_letter: rejected
    operators:
      - leaky: { password: "${variable('VAULT_PASSWORD')}", crash: ${crash} }
    sink: kept
`;
  const outputs = `connectors:
  kept: { type: file, path: kept.ndjson }
  live: { type: file, path: live.ndjson }
`;
  const whole = `plugins: [./leaky.mjs]\n${text}${more}`
    .replace('connectors:\n', outputs)
    .replace('source: finnhub, sink: kafka', 'source: finnhub, sink: live');
  const written = {
    'package.json': '{ "type": "module" }',
    'pipeline.yml': whole,
    '.env': `FEED_TOKEN=${key}\nVAULT_TOKEN="${inPlugin.read}"\nVAULT_URL=redis://me:${inPlugin.url}@vault/\n`,
    'finnhub.txt': `${planted.finnhub}\n`,
    'leaky.mjs': leaky,
  };
  for (const [name, content] of Object.entries(written)) writeFileSync(join(folder, name), content);
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(process.cwd(), join(folder, 'node_modules', 'fdp'));
  const env = {
    ...{ LOG_LEVEL: 'debug', EXCHANGE_TOKEN: planted.exchange, SOME_PASSWORD: planted.variable },
    ...{ VAULT_PASSWORD: inPlugin.option, FINNHUB_TOKEN_FILE: join(folder, 'finnhub.txt'), FDP_DATA: folder },
    // A plugin sees what Node.js sees, not what .env adds.
    ...{ VAULT_TOKEN: inPlugin.read, VAULT_URL: `redis://me:${inPlugin.url}@vault/` },
    ...{ OBSERVE_PORT: String(ports.observe), OBSERVE_KEYS: keys },
    ...{ OBSERVE_TLS_CERT: files.cert, OBSERVE_TLS_KEY: files.key },
  };
  const [, line = ''] = readFileSync(files.key, 'utf8').split('\n');
  const secrets = { ...planted, ...inPlugin, key: key.slice(4), privateKey: line };
  return { folder, env, key, ports, secrets };
}

/** A reply as text, with its headers; of a stream its beginning. */
function asked(port: number, path: string, { headers = {}, method = 'GET', enough = Number.POSITIVE_INFINITY } = {}) {
  return new Promise<string>((resolve) => {
    const options = { host: '127.0.0.1', port, path, method, headers, rejectUnauthorized: false, agent: false };
    const asking = requestTls(options, (response) => {
      let text = `${response.statusCode} ${JSON.stringify(response.headers)}\n`;
      response.on('data', (chunk) => {
        text += String(chunk);
        if (text.length >= enough) asking.destroy();
      });
      response.on('close', () => resolve(text));
    });
    asking.on('error', (error) => resolve(String(error))).end();
  });
}

/** What a TCP or broken HTTP client gets for a line, within a moment. */
function said(port: number, line: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => socket.write(line));
    let text = '';
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (text.length > 2000) socket.destroy();
    });
    socket.on('error', () => {}).on('close', () => resolve(text));
  });
}

function dialled(url: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.on('error', (error) => resolve(String(error)));
    socket.on('open', () => socket.send('{"type":"subscribe","symbol":"AAPL"}'));
    socket.on('message', (data) => {
      resolve(String(data));
      socket.terminate();
    });
  });
}

/** What the process serves to whoever has a key, a wrong one, and none. */
export async function served({ ports: { http, feed, exchange, observe }, key, secrets }: PlantedWorld) {
  const headers = { authorization: `Bearer ${key}` };
  const wrong = { authorization: `Bearer ${key}x`, 'x-request-id': 'me' };
  const basic = { authorization: `Basic ${Buffer.from(`me:${key}`).toString('base64')}` };
  return {
    '/hello': await asked(http, '/hello', { headers }),
    '/hello, by a browser': await asked(http, '/hello', { headers: basic }),
    '/hello without a key': await asked(http, '/hello'),
    '/hello with a wrong key': await asked(http, '/hello', { headers: wrong }),
    '/hello with a key in its query': await asked(http, `/hello?key=${key}`),
    'an unknown parameter': await asked(http, `/hello?token=${key}`, { headers }),
    'an unknown route': await asked(http, '/nothing', { headers }),
    'a POST': await asked(http, '/hello', { headers, method: 'POST' }),
    'no HTTP': await said(http, `Authorization: Bearer ${key}\r\n\r\n`),
    '/': await asked(http, '/', { headers }),
    '/docs': await asked(http, '/docs', { headers }),
    '/openapi.json': await asked(http, '/openapi.json', { headers }),
    '/asyncapi.json': await asked(http, '/asyncapi.json', { headers }),
    'the stream': await asked(http, '/api/v1/stream', { headers, enough: 30_000 }),
    '/metrics': await asked(observe, '/metrics', { headers }),
    '/metrics with a wrong key': await asked(observe, '/metrics', { headers: wrong }),
    '/health': await asked(observe, '/health'),
    '/health/live': await asked(observe, '/health/live'),
    '/health/ready': await asked(observe, '/health/ready'),
    'the feed': await said(feed, `{"token":"${key}"}\n`),
    'the feed with a wrong token': await said(feed, `{"token":"${key}x"}\n`),
    'the feed without JSON': await said(feed, `${key}\n`),
    exchange: await dialled(`ws://127.0.0.1:${exchange}/?token=${secrets['exchange']}`),
    'exchange with a wrong token': await dialled(`ws://127.0.0.1:${exchange}/?token=${secrets['exchange']}x`),
  };
}

/** What a command prints beside the running process. */
export function printed({ folder, env }: PlantedWorld, ...args: readonly string[]): string {
  const all = { PATH: process.env['PATH'], ...env, OBSERVE_PORT: '0' };
  const options = { cwd: folder, encoding: 'utf8', env: all, input: '{"symbol":"AAPL"}\n' } as const;
  const { stdout, stderr } = spawnSync(process.execPath, [resolve('bin/fdp-run.js'), ...args], options);
  return `${stdout}${stderr}`;
}

/** What is kept: all files but those that the user has written. */
export function kept(folder: string): Readonly<Record<string, string>> {
  const names = readdirSync(folder).filter((name) => !inputs.has(name) && statSync(join(folder, name)).isFile());
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name), 'latin1')]));
}

/** Each secret that one of the texts has, with what stands around it. */
export function leaks(texts: Readonly<Record<string, string>>, { secrets }: PlantedWorld): readonly string[] {
  const around = (text: string, secret: string) => text.slice(Math.max(0, text.indexOf(secret) - 200)).slice(0, 300);
  return Object.entries(texts).flatMap(([where, text]) =>
    secretsFound(text, secrets).map((name) => `${name}: ${where}: ${around(text, secrets[name] ?? '')}`),
  );
}
