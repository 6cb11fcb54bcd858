import { describe, expect, it } from 'vitest';
import { mongodb } from '../../connectors/mongodb.ts';
import { testEnvironment } from '../support/environment.ts';
import { optionsOf } from '../support/options.ts';
import { tradeTable } from '../support/table-harness.ts';

describe('mongodb', () => {
  const place = { url: 'mongodb://localhost:27017', database: 'market', collection: 'trades' };

  it('takes a collection with fields, indexes and expiry', () => {
    const given = { ...place, ...tradeTable, expire: '10s', tls: { ca: 'ca.pem' } };
    expect(optionsOf(mongodb, given)).toEqual(given);
  });

  it.each([
    { ...place, url: 'localhost:27017' },
    { ...place, database: 'a.b' },
    { ...place, collection: 'system.users' },
    { ...place, write_concern: 1 },
    { ...place, fields: { price: 'money' } },
  ])('refuses %o', (options) => {
    expect(() => optionsOf(mongodb, options)).toThrow();
  });

  it('reports a unique field that is not declared', () => {
    const found: string[] = [];
    mongodb.check?.({ ...place, fields: { a: 'string' }, unique: 'b' }, (path) => found.push(path.join('.')));
    expect(found).toEqual(['unique']);
  });

  it('says in one line that it has no client yet', async () => {
    const created = mongodb.create(optionsOf(mongodb, place), { ...testEnvironment(), name: 'trades' });
    await expect(created).rejects.toMatchObject({ code: 'FDP_NOT_SUPPORTED', fault: 'fatal' });
  });
});
