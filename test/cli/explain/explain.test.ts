import { describe, expect, it } from 'vitest';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { explain } from '../../../src/cli/explain/explain.ts';
import { folderWith } from '../../support/pipeline/spec.ts';

const components = { connectors, operators };
const shipped = (env: Record<string, string> = {}, profile = 'embedded') => ({
  ...{ pipelinePath: 'pipeline.yml', profile, env, components, folder: process.cwd() },
});
const other = (yaml: string) => {
  const folder = folderWith({ 'pipeline.yml': yaml });
  return { pipelinePath: `${folder}/pipeline.yml`, env: {}, components, folder };
};

interface PathJson {
  readonly hops: readonly string[];
  readonly guarantee: string;
  readonly weakest: { readonly hop: string; readonly why: string } | null;
}
interface Explained {
  readonly topologies: readonly {
    readonly name: string;
    readonly declared: string | null;
    readonly paths: PathJson[];
  }[];
  readonly chains: readonly {
    readonly paths: readonly PathJson[];
    readonly guarantee: string;
    readonly weakest: { readonly hop: string } | null;
    readonly onward?: { readonly from: string; readonly guarantee: string };
  }[];
}
const asJson = (...given: Parameters<typeof explain>): Explained =>
  JSON.parse(explain(given[0], given[1], { json: true }).text);
/** `from → to`, the guarantee and the weakest hop of each path. */
const pathsOf = ({ topologies }: Explained) =>
  topologies.flatMap(({ paths }) =>
    paths.map(({ hops, guarantee, weakest }) => [`${hops[0]} → ${hops.at(-1)}`, guarantee, weakest?.hop ?? null]),
  );

describe('fdp explain', () => {
  it.each(['embedded', 'cluster'])('gives each path of the shipped pipeline its guarantee, profile %s', (profile) => {
    const explained = asJson(shipped({}, profile), []);
    expect(pathsOf(explained).filter(([path]) => !path?.startsWith('http'))).toEqual([
      ['mock → ticks', 'at_most_once', 'mock'],
      ['ticks → trades', 'effectively_once', null],
      ['ticks → symbols', 'effectively_once', null],
      ['ticks → candles', 'effectively_once', null],
      ['ticks → gaps', 'effectively_once', null],
      ['ticks → vwap_feed', 'at_most_once', 'vwap_feed'],
      ['vwap_client → http', 'at_most_once', 'vwap_client'],
    ]);
    const declared = explained.topologies.filter((topology) => topology.declared !== null);
    expect(declared.map(({ name }) => name)).toEqual(['processor', 'candles']);
  });

  it('says what the whole chain guarantees, its weakest hop, and from where on it is better', () => {
    const { chains } = asJson(shipped({ FDP_FEED: 'finnhub', FINNHUB_TOKEN: 'a-secret-token' }), ['processor']);
    expect(chains.map(({ paths, ...rest }) => [paths.map(({ hops }) => hops), rest])).toEqual([
      [
        [
          ['finnhub', 'split', 'ticks'],
          ['ticks', 'explode', 'require', 'idempotency_key', 'trades'],
        ],
        {
          guarantee: 'at_most_once',
          weakest: expect.objectContaining({ hop: 'finnhub', kind: 'source', guarantee: 'at_most_once' }),
          onward: { from: 'ticks', guarantee: 'effectively_once' },
        },
      ],
      [
        [
          ['finnhub', 'split', 'ticks'],
          ['ticks', 'explode', 'require', 'idempotency_key', 'trades', 'metadata_upsert', 'symbols'],
        ],
        expect.objectContaining({ guarantee: 'at_most_once' }),
      ],
    ]);
  });

  it('follows logs by their names, whatever connectors call them, and ends in a circle', () => {
    const yaml = `
connectors:
  recording: { type: file, path: in.ndjson }
  written: { type: kafka, brokers: "a:9092,b:9092", topic: t }
  read: { type: kafka, brokers: "b:9092", topic: t }
  another: { type: kafka, brokers: "b:9092", topic: u }
  rows: { type: sqlite_table, path: s.db, table: rows, unique: id }
settings: { dead_letter: another }
topologies:
  first: { source: recording, sink: written }
  second: { source: { connector: read, group: a }, sinks: [rows, read] }
`;
    const { chains } = asJson(other(yaml), []);
    const shown = chains.map(({ paths, guarantee, weakest }) => [
      paths.map(({ hops }) => hops.join(' ')),
      guarantee,
      weakest?.hop,
    ]);
    expect(shown).toEqual([
      [['recording written', 'read rows'], 'at_least_once', 'written'],
      [['recording written', 'read read'], 'at_least_once', 'written'],
    ]);
  });

  it('says in words what each part does, and the guarantee of each path with its reason', () => {
    const { text, exitCode } = explain(shipped(), ['processor'], { columns: 120 });
    expect(exitCode).toBe(0);
    const words = text.replace(/\s+/g, ' ');
    for (const part of [
      "processor: Every trade into the store once, and then its symbol's counters.",
      'source ticks (sqlite_log), group processor: A log with topics',
      'explode Makes one message of each item of an array (field: data, as: {symbol: s,',
      'sink symbols symbols (sqlite_table): A table in a SQLite file',
      'Gets what trades has stored.',
      'dead letter rejected (sqlite_log): gets what is rejected, with the reason.',
      'ticks → trades effectively once ticks reads again what was not committed, and trades knows each row by message_key',
      'mock → ticks → trades at most once weakest hop mock: ',
      '; from ticks on effectively once',
    ])
      expect(words).toContain(part);
  });

  it.each([40, 80, 120, undefined])('fits the terminal: %s columns', (columns) => {
    const { text } = explain(shipped(), [], { columns });
    const width = Math.min(Math.max(columns ?? 100, 60), 120);
    // A name and its guarantee are never broken; what follows has 20 columns at least.
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(Math.max(width, 80));
  });

  it('names topologies as arguments or flags, and what is nearest to a wrong name', () => {
    const named = (given: readonly string[], topologies: readonly string[] = []) =>
      asJson({ ...shipped(), topologies }, given).topologies.map(({ name }) => name);
    expect(named([])).toEqual(['ingestor', 'processor', 'candles', 'analytics', 'api', 'live']);
    expect(named(['simulation'])).toEqual(['simulation']);
    expect(named(['candles'], ['processor'])).toEqual(['processor', 'candles']);
    expect(() => explain(shipped(), ['procesor'])).toThrow(
      'there is no topology "procesor": did you mean "processor"?',
    );
  });

  it('shows no secret, and needs no variable that is not set', () => {
    const yaml = (operator: string) => `
connectors:
  feed: { type: finnhub, token: "\${SECRET_TOKEN}", symbols: [A] }
  other: { type: finnhub, token: sesame-open-123, symbols: [A] }
  out: { type: stdout }
topologies:
  t: { source: feed, operators: [${operator}], sink: out }
`;
    const { text, exitCode } = explain(other(yaml(`{ filter: 'x == "sesame-open-123"' }`)), []);
    expect(exitCode).toBe(0);
    expect(text).toContain('(x == "******")');
    expect(text).not.toContain('sesame');
  });

  it('shows the mistakes of the pipeline instead', () => {
    const broken = other('connectors: { out: { type: stdot } }\ntopologies: { t: { source: out, sink: out } }\n');
    expect(explain(broken, []).exitCode).toBe(2);
    expect(explain(broken, []).text).toContain('unknown connector type "stdot"');
    expect(JSON.parse(explain(broken, [], { json: true }).text).valid).toBe(false);
  });
});
