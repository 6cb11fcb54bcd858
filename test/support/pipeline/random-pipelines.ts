import fc from 'fast-check';
import type { Guarantee } from '../../../src/kit/guarantee.ts';

/** A component of a random pipeline, and what it leaves of a guarantee, as the documents say: 2 all of it, 0 a loss. */
interface Part {
  readonly yaml: string;
  /** As `explain` names it. */
  readonly name: string;
  readonly level: 0 | 1 | 2;
}

export interface RandomBranch {
  readonly sink: Part;
  readonly operators: readonly Part[];
  readonly isBestEffort: boolean;
  /** The index of the branch that it follows. */
  readonly after: number | undefined;
}

export interface RandomTopology {
  readonly source: Part;
  readonly operators: readonly Part[];
  readonly branches: readonly RandomBranch[];
  readonly deadLetter: Part;
}

const part = (level: Part['level'], name: string, yaml = name): Part => ({ level, name, yaml });

/** Every connector that a random topology may use; a topology of its own runs without the others. */
const connectors = `connectors:
  market: { type: mock, symbols: [A, B] }
  feed: { type: finnhub, token: a-token, symbols: [A] }
  client: { type: tcp, connect: "127.0.0.1:9001" }
  recording: { type: file, path: in.ndjson }
  ticks: { type: sqlite_log, path: log.db, topic: ticks }
  forgetful: { type: memory_log, topic: ticks }
  rejected: { type: sqlite_log, path: log.db, topic: rejected }
  gone: { type: memory_log, topic: rejected }
  copy: { type: kafka, brokers: "localhost:9092", topic: copy }
  trades: { type: sqlite_table, path: store.db, table: trades, unique: id }
  plain: { type: sqlite_table, path: store.db, table: plain }
  brief: { type: mongodb, url: "mongodb://localhost", database: d, collection: brief, unique: id, expire: 1h }
  counters: { type: mongodb, url: "mongodb://localhost", database: d, collection: counters, unique: symbol }
  held: { type: memory_table, unique: id }
  archive: { type: file, path: out.ndjson }
  unsynced: { type: file, path: fast.ndjson, fsync: false }
  server: { type: tcp, listen: "127.0.0.1:9002" }
  screen: { type: terminal }
`;

const log = (name: string, level: Part['level'], warmUp = '') =>
  part(level, name, `{ connector: ${name}, group: GROUP${warmUp === '' ? '' : `, warm_up: ${warmUp}`} }`);
const sources = [
  ...[part(0, 'market'), part(0, 'feed'), part(0, 'client'), part(2, 'recording'), log('forgetful', 0)],
  ...[log('ticks', 2), log('ticks', 2, '1000'), log('ticks', 2, '1m'), log('ticks', 2, '10m')],
];
const counting = part(2, 'metadata_upsert', 'metadata_upsert: { by: symbol, count: n }');
/** Windows of five minutes are whole again after a warm-up of ten. */
const operators = (warmUp: boolean) => [
  part(2, 'filter', "filter: 'price > 0.0'"),
  part(2, 'require', "require: 'volume > 0.0'"),
  part(2, 'split', 'split: { field: data, by: s }'),
  part(2, 'idempotency_key', 'idempotency_key: { as: id, from: "{offset}-{index}" }'),
  part(1, 'vwap', 'vwap: { window: 50, by: symbol }'),
  part(warmUp ? 2 : 1, 'vwap', 'vwap: { window: 5m, by: symbol }'),
  part(warmUp ? 2 : 1, 'rolling', 'rolling: { window: 5m, by: symbol, fields: { low: min } }'),
  part(1, 'rolling', 'rolling: { window: session, by: symbol, fields: { low: min } }'),
  part(1, 'dedupe', 'dedupe: { key: "{id}" }'),
  part(1, 'find', 'find: { in: trades, where: { id: "{id}" } }'),
];
const sinks = [
  ...[part(2, 'trades'), part(1, 'plain'), part(1, 'brief'), part(2, 'counters'), part(0, 'held'), part(1, 'copy')],
  ...[part(1, 'archive'), part(0, 'unsynced'), part(0, 'server'), part(0, 'screen')],
];
const deadLetters = [part(2, 'rejected'), part(2, 'rejected'), part(0, 'gone'), part(0, 'dead_letter: none', 'none')];

/** A valid topology. */
export const randomTopology: fc.Arbitrary<RandomTopology> = fc.constantFrom(...sources).chain((source) => {
  const isWarm = source.yaml.includes('10m');
  const chain = fc.array(fc.constantFrom(...operators(isWarm)), { maxLength: 3 });
  const branch = fc.record({
    operators: chain,
    isBestEffort: fc.boolean(),
    after: fc.option(fc.nat(5), { nil: undefined }),
  });
  return fc.subarray(sinks, { minLength: 1, maxLength: 4 }).chain((chosen) =>
    fc
      .record({
        source: fc.constant(source),
        operators: chain,
        deadLetter: fc.constantFrom(...deadLetters),
        branches: fc.tuple(...chosen.map((sink) => branch.map((rest) => ({ ...rest, sink })))),
      })
      .map((topology) => ({ ...topology, branches: topology.branches.map(madeValid) })),
  );
});

/** Counters take operations alone, some branch settles messages, and `after` names an earlier one that does. */
function madeValid(branch: RandomBranch, index: number, all: readonly RandomBranch[]): RandomBranch {
  const { after, sink } = branch;
  const target = after !== undefined && after < index ? all[after] : undefined;
  const mayFollow = target !== undefined && target.sink.name !== 'counters' && (after === 0 || !target.isBestEffort);
  const own = branch.operators;
  return {
    sink,
    operators: sink.name === 'counters' ? [...own, counting] : own,
    isBestEffort: branch.isBestEffort && index > 0,
    after: mayFollow ? after : undefined,
  };
}

/** The YAML of topologies called `t0`, `t1`, ... */
export function pipelineOf(topologies: readonly RandomTopology[], more = ''): string {
  const all = topologies.map(({ source, operators: own, branches, deadLetter }, index) => {
    const list = (steps: readonly Part[]) => `[${steps.map(({ yaml }) => `{ ${yaml} }`).join(', ')}]`;
    const lines = branches.map(
      ({ sink, operators: steps, isBestEffort, after }) =>
        `      - { connector: ${sink.yaml}, best_effort: ${isBestEffort}${after === undefined ? '' : `, after: ${branches[after]?.sink.name}`}, operators: ${list(steps)} }\n`,
    );
    return `  t${index}:
    source: ${source.yaml.replace('GROUP', `g${index}`)}
    dead_letter: ${deadLetter.yaml}
${more}    operators: ${list(own)}
    sinks:
${lines.join('')}`;
  });
  return `${connectors}topologies:\n${all.join('')}`;
}

const levels: readonly Guarantee[] = ['at_most_once', 'at_least_once', 'effectively_once'];

/** What a branch guarantees, and its weakest hop, worked out from the levels. */
export function expectedOf(topology: RandomTopology, branch: RandomBranch): { guarantee: Guarantee; weakest?: string } {
  const before = branch.after === undefined ? undefined : topology.branches[branch.after];
  const all = [
    topology.source,
    ...(before ? operatorsBefore(topology, before) : topology.operators),
    ...branch.operators,
    branch.isBestEffort ? { ...branch.sink, level: 0 } : branch.sink,
    topology.deadLetter,
  ];
  const level = Math.min(...all.map((each) => each.level));
  const weakest = all.find((each) => each.level === level)?.name;
  return {
    guarantee: levels[level] ?? 'at_most_once',
    ...(level < 2 && weakest !== undefined ? { weakest } : {}),
  };
}

function operatorsBefore(topology: RandomTopology, { after, operators: own }: RandomBranch): readonly Part[] {
  const before = after === undefined ? undefined : topology.branches[after];
  return [...(before ? operatorsBefore(topology, before) : topology.operators), ...own];
}
