import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { expect, it } from 'vitest';
import { temporaryFolder } from '../support/cli/platform.ts';
import { roles, world } from '../support/mongo/roles.ts';
import { onOwnServices } from '../support/services/cluster.ts';

const never = new AbortController().signal;

// `expect.poll` has to be of its test: the one of the module knows none while others run beside it.
onOwnServices.concurrent('mongodb', () => {
  it('names the refused user and what to set, never the password', async (test) => {
    const { server } = world(test);
    const { address } = await server({ args: ['--auth'] });
    const at = (user: string) => address.replace('//', `//${user}@`);
    const admin = new MongoClient(address);
    const users = { root: 'root', reader: { role: 'read', db: 'fdp' } };
    await admin.db('admin').command({ createUser: 'root', pwd: 'r00t-pass', roles: [users.root] });
    await admin.close();
    const root = await new MongoClient(at('root:r00t-pass')).connect();
    await root.db('admin').command({ createUser: 'reader', pwd: 's3cret-pass', roles: [users.reader] });
    await root.close();
    const refusal = async (url: string, role: 'sink' | 'lookup') => {
      const made = (await roles({ url }))[role];
      const error = await made.connect(never).then(
        () => undefined,
        (thrown) => thrown,
      );
      await made.close();
      return error;
    };
    const wrong = await refusal(at('reader:wrong-pass'), 'lookup');
    expect(wrong).toMatchObject({ code: 'FDP_REFUSED', fault: 'fatal' });
    expect(wrong.message).toMatch(
      /^trades: 127\.0\.0\.1:\d+: the server refuses user "reader": .*set the user and password/,
    );
    expect(`${wrong.message} ${wrong.stack}`).not.toMatch(/wrong-pass/);
    const elsewhere = 'set authSource to the one that it was made in, mostly authSource=admin';
    for (const [path, query, expected] of [
      ['fdp', '', `"fdp" (the url's path): ${elsewhere}`],
      ['fdp', 'authSource=market', `"market" (authSource in the url): ${elsewhere}`],
      ['fdp', 'authSource=admin', undefined],
    ] as const) {
      const url = `mongodb://reader:s3cret-pass@${new URL(address).host}/${path}?${query}`;
      const error = await refusal(url, 'lookup');
      expect(error?.message.split('looked for in database ')[1]).toBe(expected);
    }
    const nobody = await refusal(address, 'lookup');
    expect(nobody).toMatchObject({ code: 'FDP_REFUSED', message: expect.stringMatching(/wants a user/) });
    const reader = await refusal(at('reader:s3cret-pass'), 'sink');
    expect(reader).toMatchObject({ code: 'FDP_REFUSED', message: expect.stringMatching(/grant it readWrite on fdp/) });
    expect(await refusal(at('reader:s3cret-pass'), 'lookup')).toBeUndefined();
  });

  it('trusts a certificate of the authority that is named, and no other', async (test) => {
    const { kept, server } = world(test);
    using folder = temporaryFolder();
    const { cert, both } = selfSigned(folder.path);
    const tls = ['--tlsMode', 'allowTLS', '--tlsCertificateKeyFile', both];
    const { address: url } = await server({ args: tls, files: [both] });
    const trusting = await roles({ url, tls: { ca: cert } });
    kept(trusting.sink);
    await trusting.sink.connect(never);
    const doubting = await roles({ url, tls: {} });
    kept(doubting.sink);
    await expect(doubting.sink.connect(never)).rejects.toMatchObject({
      code: 'FDP_REFUSED',
      message: expect.stringMatching(/certificate is not trusted.*set `tls: \{ ca: FILE \}`/),
    });
    const misled = await roles({ url, tls: { ca: join(folder.path, 'missing.pem') } });
    kept(misled.sink);
    await expect(misled.sink.connect(never)).rejects.toMatchObject({
      code: 'FDP_REFUSED',
      message: expect.stringMatching(/missing\.pem/),
    });
  });

  it('names the side that wants TLS if only one does', async (test) => {
    const { kept, server } = world(test);
    using folder = temporaryFolder();
    const { cert, both } = selfSigned(folder.path);
    const { address: plain } = await server({});
    const eager = await roles({ url: plain, tls: { ca: cert } });
    kept(eager.sink);
    await expect(eager.sink.connect(never)).rejects.toMatchObject({
      code: 'FDP_CONNECT_FAILED',
      message: expect.stringContaining('if the server has no TLS, leave out `tls`'),
    });
    const tls = ['--tlsMode', 'allowTLS', '--tlsCertificateKeyFile', both];
    const { address: url } = await server({ args: tls, files: [both] });
    const admin = await new MongoClient(url, { tls: true, tlsCAFile: cert }).connect();
    for (const tlsMode of ['preferTLS', 'requireTLS']) await admin.db('admin').command({ setParameter: 1, tlsMode });
    await admin.close();
    const bare = await roles({ url });
    kept(bare.sink);
    await expect(bare.sink.connect(never)).rejects.toMatchObject({
      code: 'FDP_CONNECT_FAILED',
      message: expect.stringContaining('if the server wants TLS, set `tls: {}`'),
    });
  });
});

function selfSigned(folder: string): { readonly cert: string; readonly both: string } {
  const [key, cert, both] = ['key.pem', 'cert.pem', 'both.pem'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const args = [
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-keyout',
    key,
    '-out',
    cert,
    ...subject,
  ];
  execFileSync('openssl', args, { stdio: 'pipe' });
  writeFileSync(both, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
  return { cert, both };
}
