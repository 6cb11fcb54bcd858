import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { mock } from '../../connectors/mock/index.ts';
import { sqliteLog } from '../../connectors/sqlite-log/index.ts';
import { sqliteTable } from '../../connectors/sqlite-table/index.ts';
import { StreamSink } from '../../connectors/stdout/stream-sink.ts';
import { PlainSink } from '../../connectors/terminal/plain-sink.ts';
import { TerminalSink } from '../../connectors/terminal/sink.ts';
import type { ConnectorDeclaration } from '../../src/kit/declaration.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import { createMemorySpace } from '../../src/simulate/memory/space.ts';
import { memoryLog } from '../../src/simulate/memory-log.ts';
import { memoryTable } from '../../src/simulate/memory-table.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import type { SinkBench } from '../../src/testing/sink-contract.ts';
import { benchOf } from '../support/contracts/bench.ts';
import { messageWith, subscribed } from '../support/contracts/log-harness.ts';
import { sinkContract } from '../support/contracts/sink-contract.ts';
import { sourceContract } from '../support/contracts/source-contract.ts';
import { rowMessage } from '../support/contracts/table-harness.ts';
import { usageOf } from '../support/engine/options.ts';

const never = new AbortController().signal;
const numberOf = ({ value }: Pick<SourceMessage, 'value'>) => (value as { number: number }).number;
const numbered = (number: number) => messageWith({ number }, { key: `k${number}` });

/** A stream that takes lines until it hangs. */
function lines() {
  const taken: string[] = [];
  let hangs = false;
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      if (hangs) return;
      taken.push(...String(chunk).split('\n').slice(0, -1));
      done();
    },
  });
  const hang = async () => {
    hangs = true;
  };
  return { stream, taken, hang };
}

sourceContract('mock', async () => {
  const bench = await benchOf(mock, { symbols: ['A', 'B'] }, new VirtualClock());
  return { clock: bench.clock, node: bench.node, source: bench.source() };
});

/** Options of a log that lies in a folder of its own, or in memory. */
function storeOptions(): { readonly log: object; readonly table: object; dispose(): Promise<void> } {
  const folder = mkdtempSync(join(tmpdir(), 'fdp-contract-'));
  return {
    log: { path: join(folder, 'log.db') },
    table: { path: join(folder, 'rows.db'), table: 'rows' },
    dispose: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function memory(): ReturnType<typeof storeOptions> {
  const space = createMemorySpace();
  return { log: { space: space.name }, table: { space: space.name }, dispose: async () => space.dispose() };
}

const logSource = (declaration: ConnectorDeclaration, where: () => ReturnType<typeof storeOptions>) => async () => {
  const { log, dispose } = where();
  const options = { topic: 'topic', partitions: 3, ...log };
  const { clock, connector, context, node } = await benchOf(declaration, options, new VirtualClock());
  const source = connector.source?.(usageOf(declaration.source, { group: 'group' }), context);
  if (!source) throw new Error('no source');
  let next = 0;
  return {
    ...{ clock, node, source, numberOf, dispose },
    give: async (count: number) => {
      const writer = await benchOf(declaration, options, clock);
      const sink = writer.sink();
      await clock.until(sink.connect(never));
      await clock.until(
        sink.write(
          Array.from({ length: count }, () => numbered(next++)),
          never,
        ),
      );
      await clock.until(sink.close());
    },
  };
};

const logSink = (declaration: ConnectorDeclaration, where: () => ReturnType<typeof storeOptions>) => async () => {
  const { log, dispose } = where();
  const options = { topic: 'topic', partitions: 1, max_message_bytes: '1KiB', ...log };
  const { clock, connector, context, sink } = await benchOf(declaration, options, new VirtualClock());
  return {
    ...{ clock, sink: sink(), dispose, message: numbered },
    refused: (number: number) => messageWith({ number, text: 'x'.repeat(2000) }, { key: `k${number}` }),
    stored: async () => {
      const browser = connector.browse?.(context);
      if (!browser) throw new Error('no browser');
      await browser.connect(never);
      const found: number[] = [];
      for (const lane of subscribed(browser).lanes)
        for (let reading = await lane.read(never); reading; reading = await lane.read(never))
          found.push(...reading.messages.map(numberOf));
      await browser.close();
      return found;
    },
  };
};

const tableSink = (declaration: ConnectorDeclaration, where: () => ReturnType<typeof storeOptions>) => async () => {
  const { table, dispose } = where();
  const options = { fields: { number: 'int64' }, unique: 'number', ...table };
  const { clock, connector, context, guarantee, sink } = await benchOf(declaration, options, new VirtualClock());
  return {
    ...{ clock, guarantee, sink: sink(), dispose },
    message: (number: number) => rowMessage({ number }, { offset: number }),
    refused: (number: number) => rowMessage({ number: 'none' }, { offset: number }),
    stored: async () => {
      const lookup = connector.lookup?.(context);
      if (!lookup) throw new Error('no lookup');
      await lookup.connect(never);
      const rows = await clock.until(lookup.find({ where: {}, sort: [], limit: 1000 }, never));
      await lookup.close();
      return rows.map(({ number }) => Number(number));
    },
  };
};

sourceContract('sqlite_log', logSource(sqliteLog, storeOptions));
sinkContract('sqlite_log', logSink(sqliteLog, storeOptions));
sinkContract('sqlite_table', tableSink(sqliteTable, storeOptions));
sourceContract('memory_log', logSource(memoryLog, memory));
sinkContract('memory_log', logSink(memoryLog, memory));
sinkContract('memory_table', tableSink(memoryTable, memory));

sinkContract('stdout', async () => {
  const clock = new VirtualClock();
  const { stream, taken, hang } = lines();
  return {
    ...{ clock, hang, message: numbered, sink: new StreamSink(testEnvironment(clock), { name: 'out', stream }) },
    stored: async () => taken.map((line) => JSON.parse(line).number),
  };
});

const tick = (number: number) => messageWith({ symbol: 'A', price: number + 1 }, { key: 'A' });

sinkContract('terminal', async () => {
  const clock = new VirtualClock();
  const { stream, taken, hang } = lines();
  return {
    ...{
      clock,
      hang,
      message: tick,
      sink: new PlainSink(roleContext(testEnvironment(clock)), { name: 'out', stream }),
    },
    stored: async () => taken.map((line) => Number(line.split(/\s+/)[2]) - 1),
  };
});

sinkContract('terminal', async (): Promise<SinkBench> => {
  const clock = new VirtualClock();
  const screen = { width: 80, height: 24, repaint: () => {}, paint: () => {}, close: () => {} };
  const options = { maxSymbols: 10, interrupt: () => {}, openScreen: () => screen };
  return { clock, message: tick, sink: new TerminalSink(roleContext(testEnvironment(clock)), options) };
});
