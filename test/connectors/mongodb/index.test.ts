import fc from 'fast-check';
import { Decimal128, Long, MongoClient, MongoNetworkError, MongoServerError } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { readAddress } from '../../../connectors/mongodb/address.ts';
import { mongoError } from '../../../connectors/mongodb/errors.ts';
import { mongodb } from '../../../connectors/mongodb/index.ts';
import { urlProblem } from '../../../connectors/mongodb/url.ts';
import { fromBson, toBson } from '../../../connectors/mongodb/values.ts';
import { readTable, type TableOptions } from '../../../connectors/shared/table/definition.ts';
import { decimalText } from '../../../src/kit/decimal.ts';
import { tradeTable } from '../../support/contracts/table-harness.ts';
import { optionsOf } from '../../support/engine/options.ts';

describe('mongodb', () => {
  const target = { url: 'mongodb://localhost:27017', database: 'market', collection: 'trades' };

  it('takes a collection with fields, indexes and expiry', () => {
    const given = { ...target, ...tradeTable, expire: '10s', tls: { ca: 'ca.pem' } };
    expect(optionsOf(mongodb, given)).toEqual(given);
  });

  it.each([
    { ...target, url: 'localhost:27017' },
    { ...target, database: 'a.b' },
    { ...target, collection: 'system.users' },
    { ...target, write_concern: 1 },
    { ...target, fields: { price: 'money' } },
  ])('refuses %o', (options) => {
    expect(() => optionsOf(mongodb, options)).toThrow();
  });

  it('reports a unique field that is not declared, and names that mean something else to MongoDB', () => {
    const found: string[] = [];
    const fields = { a: 'string', 'b.c': 'string', $d: 'string' } as const;
    mongodb.check?.({ ...target, fields, unique: 'b' }, (path) => found.push(path.join('.')));
    expect(found).toEqual(['unique', 'fields.b.c', 'fields.$d']);
  });
});

describe('mongodb address', () => {
  it.each([
    ['mongodb://localhost:27017', 'localhost:27017', undefined, false],
    ['mongodb://fdp:s3cret@a:1,b:2/admin?replicaSet=rs0', 'a:1,b:2', 'fdp', false],
    ['mongodb+srv://f%40dp:p%2Fw@cluster0.ab1cd.mongodb.net/?w=1', 'cluster0.ab1cd.mongodb.net', 'f@dp', true],
    [
      'mongodb://h-1.ab1cd.mongodb.net:27017,h-2.ab1cd.mongodb.net',
      'h-1.ab1cd.mongodb.net:27017,h-2.ab1cd.mongodb.net',
      undefined,
      true,
    ],
    ['mongodb://localhost:1,h-2.ab1cd.MongoDB.net:2', 'localhost:1,h-2.ab1cd.MongoDB.net:2', undefined, true],
    ['mongodb+srv://db.example.com', 'db.example.com', undefined, true],
    ['mongodb://mongodb.net.example.com', 'mongodb.net.example.com', undefined, false],
    ['mongodb://fdp:broken/pa@ss@host/', 'host', 'fdp', false],
  ])('of %s is %s', (url, hosts, user, isAtlas) => {
    expect(readAddress(url)).toMatchObject({ hosts, user, isAtlas });
  });

  it('strikes the password out of any text, as it is written and as it is meant', () => {
    const { scrub } = readAddress('mongodb://fdp:p%2Fw0rd@host/?w=1');
    expect(scrub('bad mongodb://fdp:p%2Fw0rd@host/ and p/w0rd and p%2Fw0rd')).toBe(
      'bad mongodb://***@host/ and *** and ***',
    );
  });
});

describe('mongodb url', () => {
  it.each([
    ['mongodb://u:p?w@h/db', /percent-encode/],
    ['mongodb://u:p/w@h/db', /percent-encode/],
    ['mongodb://u:p@w@h', /percent-encode/],
    ['mongodb://u:p%zz@h', /percent-encode/],
    ['mongodb://h:99999', /HOST:PORT/],
    ['mongodb://', /no host/],
    ['mongodb+srv://h:27017', /without a port/],
    ['mongodb+srv://a,b', /one host/],
    ['mongodb://h/?replicaSet', /no value/],
    ['mongodb://h/?tls=maybe', /true or false/],
    ['mongodb://a,b/?directConnection=true', /one host/],
    ['mongodb://h/?tls=true&ssl=false', /contradict/],
    ['mongodb://h/?retryWrite=true', /"retryWrite".*did you mean "retryWrites"/],
    ['mongodb://h/?s3cr3t=x', /^(?!.*s3cr3t).*does not know.*percent-encode/],
  ])('%s is refused before anything starts, and so by the driver', (url, text) => {
    const problem = urlProblem(url);
    expect(`${problem?.text} | ${problem?.hint}`).toMatch(text);
    expect(() => new MongoClient(url)).toThrow();
  });

  it.each([
    'mongodb://localhost:27017',
    'mongodb://u:p%3Fw@a:1,b:2/db?replicaSet=rs0&authSource=admin',
    'mongodb://[::1]:27017/?tls=true',
    'mongodb+srv://u:p@cluster0.ab1cd.mongodb.net/?retryWrites=true&w=majority',
    'mongodb://h/?maxpoolsize=5&SERVERSELECTIONTIMEOUTMS=100&readPreferenceTags=dc:a&compressors=zlib',
    'mongodb://h/?tls=true&tlsAllowInvalidHostnames=true&tlsCAFile=ca.pem&journal=true&wtimeoutMS=1&timeoutMS=9',
    'mongodb://h/?authMechanism=PLAIN&authMechanismProperties=SERVICE_NAME:x&authSource=%24external&appName=a',
    'mongodb://h/?proxyHost=p&proxyPort=1&serverMonitoringMode=poll&srvMaxHosts=0&localThresholdMS=1',
  ])('%s is taken', (url) => {
    expect(urlProblem(url)).toBeUndefined();
  });

  it('shows nothing of a password with a raw ?', () => {
    const { hosts, scrub } = readAddress('mongodb://fdp:s3c?ret@host:1/db');
    expect(hosts).toBe('host:1');
    expect(scrub('bad s3c?ret')).toBe('bad ***');
  });
});

describe('mongodb values', () => {
  const definition = readTable('trades', tradeTable as TableOptions);

  it('keep every finite number as a decimal, and give the same text back', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = decimalText(value) ?? null;
        expect(fromBson(definition, 'price', toBson(definition, 'price', text))).toBe(text);
      }),
    );
  });

  it.each([
    ['0.0000001', '1E-7'],
    ['196.6', '196.6'],
    ['1000000000000000000000', '1000000000000000000000'],
  ])('write %s as a Decimal128 that reads %s', (text, shown) => {
    expect(String(toBson(definition, 'price', text))).toBe(shown);
  });

  it('refuse a decimal of more digits than a document holds', () => {
    const wrong = () => toBson(definition, 'price', `0.${'1'.repeat(35)}`);
    expect(wrong).toThrow(expect.objectContaining({ code: 'FDP_MESSAGE_REFUSED' }));
  });

  it('reject values that no row can show exactly', () => {
    for (const value of [Long.fromString('9007199254740993'), Decimal128.fromString('NaN')])
      expect(() => fromBson(definition, 'size', value)).toThrow(
        expect.objectContaining({ code: 'FDP_MESSAGE_UNREADABLE' }),
      );
  });
});

describe('mongodb errors', () => {
  const asker = (url: string) => ({ name: 'trades', database: 'market', address: readAddress(url) });
  const local = asker('mongodb://fdp:s3cret-pass@127.0.0.1:27017/');
  const atlas = asker('mongodb+srv://fdp:s3cret-pass@cluster0.ab1cd.mongodb.net/');
  const server = (code: number, message = 'what the server says') => new MongoServerError({ code, message });
  const selection = (error: object) =>
    Object.assign(new Error('Server selection timed out'), {
      name: 'MongoServerSelectionError',
      reason: { servers: new Map([['a', { error }]]) },
    });
  const alert = Object.assign(new Error('tlsv1 alert internal error'), { code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' });

  it.each([
    [server(18), 'FDP_REFUSED', /user "fdp".*set the user and password/],
    [server(8000, 'bad auth'), 'FDP_REFUSED', /user "fdp"/],
    [server(13, 'not authorized on market'), 'FDP_REFUSED', /grant it readWrite on market/],
    [selection({ cause: { code: 'SELF_SIGNED_CERT_IN_CHAIN' } }), 'FDP_REFUSED', /tls: \{ ca: FILE \}/],
    [selection({}), 'FDP_CONNECT_FAILED', /timed out/],
    [Object.assign(new Error('querySrv ENOTFOUND'), { code: 'ENOTFOUND' }), 'FDP_CONNECT_FAILED', /ENOTFOUND/],
    [new MongoNetworkError('read ECONNRESET'), 'FDP_CONNECTION_LOST', /ECONNRESET/],
    [Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }), 'FDP_CONNECTION_LOST', /EPIPE/],
    [server(10107, 'not primary'), 'FDP_UNAVAILABLE', /not primary/],
    [server(11600, 'shutting down'), 'FDP_UNAVAILABLE', /shutting down/],
    [server(50, 'operation exceeded time limit'), 'FDP_TIMEOUT', /time limit/],
    [server(14031), 'FDP_DISK_FULL', /disk is full/],
    [server(10334), 'FDP_MESSAGE_REFUSED', /refuses it/],
  ])('%o is %s', (error, code, text) => {
    expect(mongoError(error, local)).toMatchObject({ code, message: expect.stringMatching(text) });
  });

  it.each([
    ['mongodb://u:p@h/', '"admin" (no authSource in the url): set authSource to the one that it was made in'],
    [
      'mongodb://u:p@h/?authsource=admin',
      '"admin" (authSource in the url): set authSource to the one that it was made in',
    ],
    [
      'mongodb://u:p@h/market',
      '"market" (the url\'s path): set authSource to the one that it was made in, mostly authSource=admin',
    ],
    [
      'mongodb+srv://u:p@h.mongodb.net/market',
      '"admin" (no authSource in the url): set authSource to the one that it was made in',
    ],
    ['mongodb://u@h/?authMechanism=MONGODB-X509', undefined],
    ['mongodb://h/', undefined],
  ])('of a refused user in %s name the database that it is looked for in', (url, text) => {
    const { message } = mongoError(server(18), asker(url));
    expect(message.split(' (Atlas')[0]?.split('looked for in database ')[1]).toBe(text);
  });

  it('are unclassified if they are unknown, for the engine to retry a few times', () => {
    const error = server(99_999);
    expect(mongoError(error, local)).toBe(error);
  });

  it('of encryption are a mistake at the first connection, and an accident later', () => {
    const failed = selection({ cause: alert });
    expect(mongoError(failed, atlas, true)).toMatchObject({ code: 'FDP_REFUSED' });
    expect(mongoError(failed, atlas)).toMatchObject({ code: 'FDP_CONNECT_FAILED', fault: 'transient' });
  });

  it("hint at Atlas' access list where the server is in Atlas", () => {
    for (const error of [server(18), selection({}), selection({ cause: alert })]) {
      expect(mongoError(error, atlas, true).message).toMatch(/network access list/);
      expect(mongoError(error, local, true).message).not.toMatch(/Atlas/);
    }
  });

  it('never show the password, nor keep a cause that does', () => {
    const error = mongoError(new MongoNetworkError('failed: mongodb://fdp:s3cret-pass@host/ s3cret-pass'), local);
    expect(error.message).not.toMatch(/s3cret/);
    expect(error.cause).toBeUndefined();
  });
});
