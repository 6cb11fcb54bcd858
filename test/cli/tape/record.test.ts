import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type RecordFlags, record, recordLog, specDigest } from '../../../src/cli/tape/record.ts';
import type { SpecRequest } from '../../../src/cli/validate.ts';
import { linkedAbort } from '../../../src/kit/clock.ts';
import { readSpec } from '../../../src/pipeline/read.ts';
import { MemoryLogStore } from '../../../src/simulate/memory/log-store.ts';
import { createMemorySpace } from '../../../src/simulate/memory/space.ts';
import { memoryLog } from '../../../src/simulate/memory-log.ts';
import type { TapeRecord } from '../../../src/simulate/recording/line.ts';
import { makeTapeLog } from '../../../src/simulate/recording/log.ts';
import { readManifest } from '../../../src/simulate/recording/manifest.ts';
import { checkTape, readTape } from '../../../src/simulate/recording/read.ts';
import { writeTape } from '../../../src/simulate/recording/write.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';
import { appended, logPipeline, type Written } from '../../support/cli/tape.ts';
import { optionsOf } from '../../support/engine/options.ts';

const binary = Uint8Array.of(0xff, 0x00, 0x0a, 0x80);
const some: readonly Written[] = [
  { key: 'AAPL', timestamp: 30, value: { p: 1 } },
  { key: 'MSFT', timestamp: 10, value: '{ "p" : 2.0 }' },
  { key: null, timestamp: 35, value: binary },
  { key: 'AAPL', timestamp: 40, value: 'line\u2028 and\r\n\u0000{' },
];

const files = (folder: string) =>
  Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name)).toString('hex')]));
const linesIn = (folder: string) =>
  gunzipSync(readFileSync(join(folder, 'messages.ndjson.gz')))
    .toString()
    .split('\n')
    .slice(0, -1);

async function recorded(request: SpecRequest, flags: Partial<RecordFlags> = {}) {
  const { text, exitCode } = await record(request, { from: 'ticks', output: 'tape', ...flags });
  return { text, exitCode, tape: join(request.folder, flags.output ?? 'tape') };
}

describe('fdp record', () => {
  it('puts a log on a tape: every byte, in the order of time, and what it is of', async () => {
    using folder = temporaryFolder();
    const request = logPipeline(folder.path);
    await appended(request, some);
    const { text, exitCode, tape } = await recorded(request);
    expect({ text, exitCode }).toEqual({
      text: '4 messages of ticks, 1970-01-01T00:00:00.010Z to 1970-01-01T00:00:00.040Z, recorded in tape\n',
      exitCode: 0,
    });
    const lines = linesIn(tape).map((line) => JSON.parse(line));
    expect(lines.map(({ key, timestamp, value }) => ({ key, timestamp, value }))).toEqual([
      { key: 'MSFT', timestamp: 10, value: '{ "p" : 2.0 }' },
      { key: 'AAPL', timestamp: 30, value: '{"p":1}' },
      { key: null, timestamp: 35, value: { base64: Buffer.from(binary).toString('base64') } },
      { key: 'AAPL', timestamp: 40, value: 'line\u2028 and\r\n\u0000{' },
    ]);
    expect(readManifest(tape)).toMatchObject({
      tape: 1,
      ...{ connector: 'ticks', topic: 'raw_stock_ticks', messages: 4, from: 10, to: 40 },
      spec: specDigest(readSpec(request)),
      partitions: [{ partition: 0 }, { partition: 1 }, { partition: 2 }],
    });
    expect(readdirSync(folder.path)).not.toContain('tape.part');
    await checkTape(tape, readManifest(tape));
  });

  it('takes a range of time and a symbol, and ends with 2 and nothing on the disk where there is no message', async () => {
    using folder = temporaryFolder();
    const request = logPipeline(folder.path);
    await appended(request, [...some, { key: 'AAPL', timestamp: Date.now(), value: { p: 3 } }]);
    const hour = await recorded(request, { since: '1h' });
    expect(linesIn(hour.tape)).toHaveLength(1);
    const symbol = await recorded(request, { output: 'of-aapl', symbol: 'AAPL', to: '40' });
    expect(linesIn(symbol.tape).map((line) => JSON.parse(line).timestamp)).toEqual([30]);
    expect(readManifest(symbol.tape)).toMatchObject({ symbol: 'AAPL', messages: 1 });
    const none = await recorded(request, { output: 'none', symbol: 'TSLA' });
    expect(none).toMatchObject({ exitCode: 2, text: 'record: ticks has no message in this range\n' });
    expect(readdirSync(folder.path).filter((name) => name.startsWith('none'))).toEqual([]);
  });

  it('never overwrites, and says what an unfinished recording is', async () => {
    using folder = temporaryFolder();
    const request = logPipeline(folder.path);
    await appended(request, some);
    const { tape } = await recorded(request);
    const before = files(tape);
    await expect(recorded(request)).rejects.toThrow('is there already, and a tape is never overwritten');
    expect(files(tape)).toEqual(before);
    mkdirSync(join(folder.path, 'other.part'));
    await expect(recorded(request, { output: 'other' })).rejects.toThrow(
      'another recording is running, or one was killed',
    );
    expect(existsSync(join(folder.path, 'other'))).toBe(false);
    expect(() => readManifest(join(folder.path, 'other.part'))).toThrow('its recording was not finished');
  });

  it('refuses a log that is none, and a time that is none', async () => {
    using folder = temporaryFolder();
    const request = logPipeline(folder.path);
    await expect(recorded(request, { from: 'tick' })).rejects.toThrow('there is no log "tick": did you mean "ticks"?');
    await expect(recorded(request, { from: 'out' })).rejects.toThrow('there is no log "out"');
    await expect(recorded(request, { since: 'noon' })).rejects.toThrow('--since: expected a time');
  });

  it('gives the same bytes again, recorded from the log that it was put into', async () => {
    using folder = temporaryFolder();
    const request = logPipeline(folder.path);
    const many = Array.from({ length: 3000 }, (_, at) => ({ key: `S${at % 7}`, timestamp: at * 3, value: { p: at } }));
    await appended(request, [...some, ...many]);
    const { tape } = await recorded(request, { symbol: 'S3' });
    const manifest = readManifest(tape);
    const space = createMemorySpace();
    const clock = new VirtualClock();
    const environment = testEnvironment(clock);
    const options = optionsOf(memoryLog, { topic: manifest.topic, partitions: 3, space: space.name });
    makeTapeLog(space, manifest.topic, manifest);
    const store = new MemoryLogStore(space, { name: 'ticks', topic: manifest.topic, partitions: 3 }, environment);
    await store.open();
    const { signal } = linkedAbort().controller;
    for await (const each of readTape(tape, manifest)) await store.append([each], signal);
    const again = join(folder.path, 'again');
    const { pipeline, spec } = manifest;
    const range = { since: 0, to: Number.POSITIVE_INFINITY, symbol: 'S3', signal };
    await recordLog(
      { name: 'ticks', declaration: memoryLog, options },
      { ...range, folder: again, pipeline, spec, environment },
    );
    expect(files(again)).toEqual(files(tape));
    space.dispose();
  });
});

describe('a recording', () => {
  it('that is stopped leaves nothing', async () => {
    using folder = temporaryFolder();
    const stop = new AbortController();
    async function* records(): AsyncGenerator<TapeRecord> {
      for (let offset = 0; ; offset++) {
        yield { partition: 0, offset, timestamp: offset, key: null, value: 'x'.repeat(1000) };
        if (offset === 500) stop.abort();
      }
    }
    const subject = { connector: 'ticks', topic: 'a', topic_id: 'b', pipeline: 'c', spec: 'd' };
    const partitions = [{ partition: 0, first: 0, next: 0, messages: 0 }];
    const tape = join(folder.path, 'tape');
    const written = writeTape(tape, { subject, partitions, records: records(), signal: stop.signal });
    await expect(written).rejects.toThrow('the recording was stopped, and nothing is left of it');
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('that can not be written says so, and leaves nothing', async () => {
    using folder = temporaryFolder();
    const request = logPipeline(folder.path);
    await appended(request, some);
    writeFileSync(join(folder.path, 'file'), '');
    await expect(recorded(request, { output: 'file/tape' })).rejects.toThrow("can't be written");
    await expect(recorded(request, { output: 'file' })).rejects.toThrow('is there already');
  });
});

describe('a tape', () => {
  const broken: readonly (readonly [what: string, harm: (folder: string) => void, error: string])[] = [
    ['another version', (tape) => edit(tape, (text) => text.replace('"tape": 1', '"tape": 2')), 'a tape of version 2'],
    ['a field missing', (tape) => edit(tape, (text) => text.replace('"topic_id"', '"topic_di"')), 'expected topic_id'],
    ['no JSON', (tape) => edit(tape, (text) => text.slice(0, -9)), 'is broken'],
    [
      'another count',
      (tape) => edit(tape, (text) => text.replace('"messages": 4,\n  "from"', '"messages": 5,\n  "from"')),
      'expected 5',
    ],
    ['a value changed', (tape) => lines(tape, (text) => text.replace('2.0', '2.1')), 'line 1 does not have the hash'],
    ['a line left out', (tape) => lines(tape, (text) => text.replace(/\n.*\n/, '\n')), 'line 2 does not have the hash'],
    [
      'its last line left out',
      (tape) => lines(tape, (text) => text.replace(/\n[^\n]*\n$/, '\n')),
      'expected 4 messages',
    ],
    ['its end torn off', tear, 'it can not be read beyond line'],
  ];
  const edit = (tape: string, change: (text: string) => string) => {
    const path = join(tape, 'tape.json');
    writeFileSync(path, change(readFileSync(path, 'utf8')));
  };
  const lines = (tape: string, change: (text: string) => string) => {
    const path = join(tape, 'messages.ndjson.gz');
    writeFileSync(path, gzipSync(change(gunzipSync(readFileSync(path)).toString())));
  };
  function tear(tape: string): void {
    const path = join(tape, 'messages.ndjson.gz');
    writeFileSync(path, readFileSync(path).subarray(0, -12));
  }

  it.each(broken)('is refused with %s', async (_what, harm, error) => {
    using folder = temporaryFolder();
    const request = logPipeline(folder.path);
    await appended(request, some);
    const { tape } = await recorded(request);
    harm(tape);
    const reading = async () => checkTape(tape, readManifest(tape));
    await expect(reading()).rejects.toThrow(error);
  });

  it('is refused where there is none', () => {
    expect(() => readManifest('/nowhere/tape')).toThrow('there is no tape /nowhere/tape');
    expect(() => readManifest('package.json')).toThrow('expected a folder with a tape.json');
  });
});
