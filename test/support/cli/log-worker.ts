import { sqliteLog } from '../../../connectors/sqlite-log/index.ts';
import { toMessage } from '../../../src/kit/message.ts';
import { roleContext, testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf, usageOf } from '../engine/options.ts';

// A process for the integration tests: reads a SQLite log as a member of a group, or writes to it, and prints events as
// JSON lines on stdout. Arguments: `read PATH COMMIT` or `write PATH COUNT`.

const [mode, path, argument] = process.argv.slice(2);
const never = new AbortController().signal;
const say = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);

const environment = testEnvironment();
const context = roleContext(environment);
const options = optionsOf(sqliteLog, { path, topic: 'topic', partitions: 1 });
const connector = await sqliteLog.create(options, { ...environment, name: 'ticks' });

async function read(commit: boolean): Promise<void> {
  const source = connector.source?.(usageOf(sqliteLog.source, { group: 'group', batch: 10 }), context);
  if (!source) return;
  say({ event: 'connecting' });
  await source.connect(never);
  say({ event: 'connected', takenOver: source.takenOver });
  source.lanes.subscribe({
    error: (error) => say({ event: 'lanes', code: error.code }),
    next: async (lane) => {
      for (;;) {
        const reading = await lane.read(never);
        if (!reading) break;
        say({ event: 'read', values: reading.messages.map(({ value }) => value) });
        if (!commit || reading.position === undefined) continue;
        await lane.group?.commit(reading.position).then(
          () => say({ event: 'committed', position: reading.position }),
          (error) => say({ event: 'commit', code: error.code }),
        );
      }
    },
  });
  // A reader that lost its lease has nothing left to do, and would end by itself before the signal arrives.
  const awake = setInterval(() => {}, 60_000);
  process.once('SIGTERM', () => {
    clearInterval(awake);
    void source.close().then(() => say({ event: 'closed' }));
  });
}

async function write(count: number): Promise<void> {
  const sink = connector.sink?.({}, context);
  await sink?.connect(never);
  for (let n = 0; n < count; n++) {
    const message = toMessage(
      { key: 'A', value: `${process.pid}-${n}`, timestamp: 0, meta: { lane: 'test' } },
      undefined,
    );
    await sink?.write([{ ...message, value: { from: process.pid, n } }], never);
    say({ event: 'written', n });
  }
  await sink?.close();
}

if (mode === 'read') await read(argument === 'commit');
else await write(Number(argument));
