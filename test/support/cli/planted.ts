import type { Mutant, NamedTest } from './mutants.ts';

/** A planted bug, and what `fdp simulate` makes of it. */
export interface PlantedMutant extends Mutant {
  /** The kind of violation that a simulation of the shipped pipeline finds; or why none does. */
  readonly simulated:
    | {
        readonly finds: RegExp;
        readonly edits?: readonly (readonly [text: string, instead: string])[];
        /** Files beside the pipeline. */
        readonly files?: Readonly<Record<string, string>>;
      }
    | string;
}

const killed: NamedTest = {
  file: 'test/engine/exactly-once.test.ts',
  name: 'exactly once 7: one process after the other is killed at each step in turn, and the work still gets done',
};
const replayed: NamedTest = {
  file: 'test/engine/exactly-once.test.ts',
  name: 'exactly once 8: replayed from any earlier position in other batches, nothing changes in the stores',
};

const absorbed = (name: string): NamedTest => ({
  file: 'test/engine/delivery/absorbed.test.ts',
  name: `what a sink has absorbed ${name}`,
});

const bars: NamedTest = {
  file: 'test/operators/candles-rows.test.ts',
  name: 'rows of candles in memory are what brute force makes of the trades, however the log is cut, read again and by two, and whoever crashes',
};

const read = (name: string): NamedTest => ({ file: 'test/operators/bars.test.ts', name: `bars ${name}` });

/** Trades of one of the market's conditions count for nothing. */
const withConditions = {
  edits: [
    ['- candles: { every: &lengths', '- eligibility: { rules: ./sale.yml }\n          - candles: { every: &lengths'],
  ] as const,
  files: { 'sale.yml': 'name: sale\nsource: [none]\ncodes: { "24": { name: nothing, counts: [] } }\n' },
};
/** A key by which what a vendor sends twice is one trade. */
const byContent = [
  ['"{topic}-{partition}-{offset}--{symbol}-{time}-{index}"', '"{symbol}-{time}-{price}-{volume}"'],
] as const;

/**
 * Bugs of a line or two that lose trades, count them twice, or leave them out of a page. The tests themselves run, and pass,
 * beside this one.
 */
export const mutants: readonly PlantedMutant[] = [
  {
    mistake: 'closes a bar with the trade that came last',
    file: 'operators/candles.ts',
    text: 'last: counts.last ? { close: dated } : none',
    replacement: 'last: counts.last ? { close: { value: price, at: 0 } } : none',
    caughtBy: bars,
    simulated: { finds: /candles: bars differ/ },
  },
  {
    mistake: 'sums up doubles',
    file: 'connectors/shared/table/draft.ts',
    text: 'const total = addDecimals(this.#sums?.get(field) ?? this.#total(field, type), amount(value));',
    replacement:
      "const total = parseDecimal(decimalText(Number(formatDecimal(this.#sums?.get(field) ?? this.#total(field, type))) + Number(value)) ?? '0');",
    caughtBy: bars,
    simulated: { finds: /candles: bars differ/ },
  },
  {
    mistake: 'keeps no mark of what a bar holds',
    file: 'connectors/shared/table/fold.ts',
    text: 'if (mark && !isAbove(mark, marks[lane])) {',
    replacement: 'if (false) {',
    caughtBy: bars,
    simulated: { finds: /candles: bars differ/ },
  },
  {
    mistake: 'makes a bar of trades that count for nothing',
    file: 'operators/candles.ts',
    text: 'if (!kinds.includes(kind) || !(range || last || counts)) return [];',
    replacement: 'if (!kinds.includes(kind)) return [];',
    caughtBy: bars,
    simulated: { finds: /candles: bars/, ...withConditions },
  },
  {
    mistake: 'makes bars of the minutes in a gap, at the price of before',
    file: 'operators/support/bar-reader.ts',
    text: 'bars.push({ ...bar, fold: new BarFold() });',
    replacement: `for (let at = (bars.at(-1)?.start ?? 0) - interval.ms; at > bar.start && bars.length < limit; at -= interval.ms) {
          const fold = new BarFold();
          fold.prepend({ ...row, open: row['close'], high: row['close'], low: row['close'], volume: '0', trades: 0 });
          bars.push({ start: at, end: at + interval.ms, fold });
        }
        bars.push({ ...bar, fold: new BarFold() });`,
    caughtBy: {
      file: 'test/operators/bars-model.test.ts',
      name: 'bars in memory are what brute force makes of the trades, of every length, range, store and day on which clocks change',
    },
    simulated: { finds: /GET \/api\/v1\/candles.*: replies are wrong/ },
  },
  {
    mistake: 'calls a bar complete in which the feed was away',
    file: 'operators/bars.ts',
    text: 'reached && end <= now && gap_ms === 0',
    replacement: 'reached && end <= now',
    caughtBy: read('are not complete while a feed of the symbol was away in them, for as long as any was'),
    simulated: { finds: /GET \/api\/v1\/candles.*: replies are wrong/ },
  },
  {
    mistake: 'commits a position before the write',
    file: 'src/engine/intake/ledger.ts',
    text: 'if (settlement.isSettled) this.#settle();',
    replacement: 'this.#target = reading.position; this.#committing ??= this.#commitAll();',
    caughtBy: killed,
    simulated: { finds: /lost|differ/ },
  },
  {
    mistake: 'commits what a sink has absorbed before it is durable',
    file: 'src/kit/track.ts',
    text: 'this.#owner.absorbed?.(isAbsorbed);',
    replacement: 'if (isAbsorbed && this.#pending > 0) this.#owner.ended((this.#pending = 0) as Outcome);',
    caughtBy: absorbed('gives its permits back, within bounds, and is committed when it is durable'),
    simulated: { finds: /differ/ },
  },
  {
    mistake: 'lets a quiet lane wait for what does not come',
    file: 'connectors/shared/table/gather.ts',
    text: 'if (isOver || this.#hasToWrite() || !this.#lane?.moreComes?.(this.#writeOrWait, this.#isSparse)) this.#write();',
    replacement: 'if (isOver || this.#hasToWrite()) this.#write();',
    caughtBy: absorbed('is counted at once where nothing else comes'),
    simulated: { finds: /slow/ },
  },
  {
    mistake: 'lets what is absorbed hold its permits',
    file: 'connectors/shared/table/gather.ts',
    text: 'for (const { track } of batch.messages) track.absorb();',
    replacement: '',
    caughtBy: absorbed('gives its permits back, within bounds, and is committed when it is durable'),
    simulated: 'it is slower, and loses nothing',
  },
  {
    mistake: 'counts again what a row had counted of messages that are written as one',
    file: 'connectors/shared/table/fold.ts',
    text: 'if (from && !isAbove(from, marks[lane])) throw partlyCounted(definition);',
    replacement: '',
    caughtBy: {
      file: 'test/connectors/shared/table/gathered.test.ts',
      name: 'messages that wait packed change rows as each of them would, whatever was counted of them before',
    },
    simulated: 'what was stored before is not packed: only two processes of one partition come to it',
  },
  {
    mistake: 'adds up what waits packed, and forgets the first of each row',
    file: 'connectors/shared/table/packed.ts',
    text: 'this.#steps.add(steps);',
    replacement: 'if (this.#count > 1) this.#steps.add(steps);',
    caughtBy: {
      file: 'test/engine/delivery/absorbed.test.ts',
      name: 'a backlog of many keys is one change of each row, however many batches it came in',
    },
    simulated: 'six symbols make no backlog of many keys',
  },
  {
    mistake: 'counts by the size of the batch, whatever is above the mark',
    file: 'connectors/shared/table/fold.ts',
    text: 'if (mark && !isAbove(mark, marks[lane])) {',
    replacement: 'if (false) {',
    caughtBy: replayed,
    simulated: { finds: /differ/ },
  },
  {
    mistake: 'counts only what was stored now, not what a crash left uncounted',
    file: 'src/engine/delivery/counting.ts',
    text: 'return known.lane === lane && known.offset === offset && known.index === index;',
    replacement: 'return false;',
    caughtBy: killed,
    simulated: { finds: /symbols: counters differ/ },
  },
  {
    mistake: 'counts also what was stored, and counted, from elsewhere',
    file: 'src/engine/delivery/counting.ts',
    text: 'return known.lane === lane && known.offset === offset && known.index === index;',
    replacement: 'return true;',
    caughtBy: {
      file: 'test/engine/runtime.test.ts',
      name: 'fan-out with after gives the follower only what its sink stored, now or from the same place before, in source order',
    },
    simulated: { finds: /symbols: counters differ/, edits: byContent },
  },
  {
    mistake: 'has marks of offsets alone, without the index',
    file: 'connectors/shared/table/store.ts',
    text: 'mark[0] > other[0] || (mark[0] === other[0] && mark[1] > other[1])',
    replacement: 'mark[0] > other[0]',
    caughtBy: {
      file: 'test/connectors/sqlite-table/index.test.ts',
      name: 'sqlite_table counters comes to the same counters however a lane is cut, replayed, and retried in part',
    },
    simulated: { finds: /differ/ },
  },
  {
    mistake: 'continues a page with what is strictly older, whatever the id (SQLite)',
    file: 'connectors/sqlite-table/query.ts',
    text: 'if (after.id === undefined || !second) return',
    replacement: 'return',
    caughtBy: {
      file: 'test/connectors/sqlite-table/index.test.ts',
      name: 'sqlite_table queries walks a thousand rows of one millisecond, each once, while rows are stored',
    },
    simulated: 'it is in SQLite, for which a table in memory stands in',
  },
  {
    mistake: 'continues a page with what is strictly older, whatever the id (memory)',
    file: 'src/simulate/memory/query.ts',
    text: 'if (difference !== 0 || after.id === undefined) return',
    replacement: 'return',
    caughtBy: {
      file: 'test/simulate/memory-table.test.ts',
      name: 'memory_table queries walks a thousand rows of one millisecond, each once, while rows are stored',
    },
    simulated: { finds: /GET \/api\/v1\/trades.*: replies are wrong/ },
  },
  {
    mistake: 'does not look whether a store has what was committed',
    file: 'src/engine/recovery/store-check.ts',
    text: 'if (behind.size === 0) return;',
    replacement: 'return;',
    caughtBy: {
      file: 'test/engine/recovery/restored-store.test.ts',
      name: 'a store that was restored from a backup is filled again from the log when it was emptied, with one log line for each lane',
    },
    simulated: { finds: /lost|differ/ },
  },
  {
    mistake: 'forgets the id in the link to the next page',
    file: 'operators/support/find-query.ts',
    text: '...(before && { after: before })',
    replacement: '...(before && { after: { value: before.value } })',
    caughtBy: {
      file: 'test/operators/find.test.ts',
      name: 'find visits every row exactly once by its links, however many share a millisecond',
    },
    simulated: { finds: /GET \/api\/v1\/trades\/\{symbol\}: replies are wrong/ },
  },
];
