import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startObserveServer } from '../../src/observe/observe-server.ts';
import { recordingLog } from '../../src/testing/environment.ts';
import { processSnapshot } from '../support/engine/snapshots.ts';
import { KeyFolder } from '../support/sockets/keys.ts';
import {
  ask,
  closeOpened,
  copyFiles,
  files,
  makeAuthorities,
  plain,
  removeAuthorities,
  roles,
  second,
} from '../support/sockets/tls.ts';

beforeAll(makeAuthorities);
afterAll(removeAuthorities);
beforeEach(copyFiles);
afterEach(closeOpened);

describe('the observe port over TLS', () => {
  it('serves metrics and health', async () => {
    const log = recordingLog();
    const env = { OBSERVE_PORT: '0', OBSERVE_TLS_CERT: files.cert, OBSERVE_TLS_KEY: files.key };
    const server = await startObserveServer({ env, log, snapshot: () => processSnapshot(0, []) });
    roles.push({ connect: async () => {}, close: () => server.close() });
    expect(server.address).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
    const port = Number(new URL(server.address).port);
    expect(await ask(port, '/health/live')).toMatchObject({ status: 200 });
    expect((await ask(port, '/metrics')).text).toContain('fdp_');
    expect(await plain(port)).toBe('');
  });

  it('is asked by the health check of the image, keys or not', async () => {
    using keys = new KeyFolder();
    keys.add('prometheus', 'admin');
    const log = recordingLog();
    const env = { OBSERVE_TLS_CERT: files.cert, OBSERVE_TLS_KEY: files.key, OBSERVE_KEYS: keys.file };
    const about = { env: { ...env, OBSERVE_PORT: '0' }, log, snapshot: () => processSnapshot(0, []) };
    const server = await startObserveServer(about);
    roles.push({ connect: async () => {}, close: () => server.close() });
    const checked = async (more: Readonly<Record<string, string>>) => {
      const checking = spawn(process.execPath, ['bin/healthcheck.js'], {
        env: { OBSERVE_PORT: new URL(server.address).port, ...more },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let text = '';
      checking.stdout.on('data', (chunk) => {
        text += chunk;
      });
      const [code] = await once(checking, 'close');
      return { code, text };
    };
    expect(await checked(env)).toMatchObject({ code: 0, text: expect.stringContaining('"status":') });
    expect(await checked({})).toMatchObject({ code: 1 });
  });

  it('is named to another process that wants the port', async () => {
    const log = recordingLog();
    const about = { log, snapshot: () => processSnapshot(0, []) };
    const env = { OBSERVE_PORT: '0', OBSERVE_TLS_CERT: files.cert, OBSERVE_TLS_KEY: files.key };
    const server = await startObserveServer({ env, ...about });
    roles.push({ connect: async () => {}, close: () => server.close() });
    const { port } = new URL(server.address);
    const { instance, pid } = about.snapshot();
    for (const settings of [{}, { OBSERVE_TLS_CERT: second.cert, OBSERVE_TLS_KEY: second.key }])
      await expect(startObserveServer({ env: { ...settings, OBSERVE_PORT: port }, ...about })).rejects.toMatchObject({
        code: 'FDP_PORT_IN_USE',
        message: expect.stringContaining(`in use by another fdp (${instance}, pid ${pid})`),
      });
  });

  it('needs both files', async () => {
    const log = recordingLog();
    const started = (env: Readonly<Record<string, string>>) =>
      startObserveServer({ env: { OBSERVE_PORT: '0', ...env }, log, snapshot: () => processSnapshot(0, []) });
    await expect(started({ OBSERVE_TLS_CERT: files.cert })).rejects.toMatchObject({
      code: 'FDP_USAGE',
      message: 'OBSERVE_TLS_CERT: is set without OBSERVE_TLS_KEY: set both, the certificate and its key, PEM',
    });
    await expect(started({ OBSERVE_TLS_CERT: files.key, OBSERVE_TLS_KEY: files.key })).rejects.toMatchObject({
      code: 'FDP_REFUSED',
      message: expect.stringContaining('OBSERVE_TLS_CERT: '),
    });
  });
});
