import { describe, expect, it } from 'vitest';
import { resolveStatus } from '../../src/pipeline/give/resolve.ts';
import { brief, readText } from '../support/pipeline/spec.ts';

const pipeline = (status: string) => `settings: { status: status }
connectors:
  mock: { type: mock, symbols: [AAPL] }
  feed: { type: tcp, listen: "127.0.0.1:8888" }
  status: { type: sqlite_table, path: s.db, table: t, ${status} }
topologies:
  flow: { source: mock, sink: feed }
`;
const fields = 'fields: { process: string, at: date, snapshot: string, more: int64 }';

describe('status table', () => {
  it('is part of every plan, whatever starts', () => {
    const { resolution, spec } = readText(pipeline(`${fields}, unique: process`));
    expect(resolution.plan?.status).toBe('status');
    expect(resolution.plan?.connectors.get('status')?.declaration.type).toBe('sqlite_table');
    expect(resolveStatus(spec)).toMatchObject({ connector: { name: 'status' }, problems: [] });
  });

  it('is left out where the pipeline names none', () => {
    const { resolution, spec } = readText(pipeline('unique: process').replace('settings: { status: status }', ''));
    expect(resolution.plan?.status).toBeUndefined();
    expect([...(resolution.plan?.connectors.keys() ?? [])]).toEqual(['mock', 'feed']);
    expect(resolveStatus(spec)).toEqual({ connector: undefined, problems: [] });
  });

  it('may keep any field, but must know the row of a process', () => {
    expect(readText(pipeline('unique: process')).problems).toEqual([]);
  });

  it.each(['expire: 10s', 'unique: at', fields, 'fields: { process: string, at: date }, unique: process'])(
    'must have the fields of a report: %s',
    (options) => {
      const { problems, resolution } = readText(pipeline(options));
      expect(brief(problems)).toEqual(['1:21 settings: "status" cannot store the reports of processes']);
      expect(problems[0]?.hint).toBe(
        'give it fields: { process: string, at: date, snapshot: string } and unique: process',
      );
      expect(resolution.plan).toBeUndefined();
    },
  );

  it('is needed by every process: so are its variables', () => {
    const { spec, problems } = readText(pipeline('unique: process').replace('path: s.db', `path: "\${STORE}"`));
    const missing = ['5:39 status: STORE is not set'];
    expect(brief(problems)).toEqual(missing);
    expect(brief(resolveStatus(spec).problems)).toEqual(missing);
  });
});
