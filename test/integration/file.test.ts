import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { file } from '../../connectors/file/index.ts';
import { toMessage } from '../../src/kit/message.ts';
import type { Sink } from '../../src/kit/sink.ts';
import type { Lane, Reading, Source } from '../../src/kit/source.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';
import { roleContext, testEnvironment } from '../../src/testing/environment.ts';
import { sourceMessage } from '../support/engine/operators.ts';
import { optionsOf } from '../support/engine/options.ts';

const never = new AbortController().signal;
const messages = (...values: readonly unknown[]) => values.map((value) => toMessage(sourceMessage(value), undefined));
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fdp-file-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function roles(path: string, options: object = {}) {
  const environment = testEnvironment(new VirtualClock());
  const connector = await file.create(optionsOf(file, { path, ...options }), { ...environment, name: 'recording' });
  const context = { ...roleContext(environment), log: environment.log };
  return {
    context,
    sink: connector.sink?.({}, context) as Sink,
    source: connector.source?.({}, context) as Source,
  };
}

async function readAll(source: Source): Promise<{ readings: Reading[]; isCompleted: boolean }> {
  await source.connect(never);
  const lanes: Lane[] = [];
  let isCompleted = false;
  source.lanes.subscribe({
    next: (lane) => lanes.push(lane),
    complete: () => {
      isCompleted = true;
    },
  });
  const readings: Reading[] = [];
  for (;;) {
    const reading = await lanes[0]?.read(never);
    if (!reading) break;
    readings.push(reading);
  }
  await source.close();
  return { readings, isCompleted };
}

describe('file', () => {
  it('logs that it starts at the beginning, and how much it has read at the end', async () => {
    const path = join(folder, 'trades.ndjson');
    await writeFile(path, '{"a":1}\n\n{"a":2}\nno JSON\n{"a":3}');
    const { source, context } = await roles(path);
    expect((await readAll(source)).isCompleted).toBe(true);
    expect(context.log.lines.map(({ level, text }) => [level, text])).toEqual([
      ['warn', expect.stringContaining('is read from its beginning: lines that an earlier run has read come again')],
      ['info', `recording: ${path} was read to its end: 4 lines`],
    ]);
  });

  it('returns what was written, line by line and in order', async () => {
    const path = join(folder, 'new', 'trades.ndjson');
    const { sink, source } = await roles(path);
    await sink.connect(never);
    const values = Array.from({ length: 3000 }, (_, index) => ({ index, text: 'ä'.repeat(index % 60) }));
    await Promise.all([
      sink.write(messages(...values.slice(0, 1000)), never),
      sink.write(messages(...values.slice(1000)), never),
    ]);
    await sink.close();
    const { readings, isCompleted } = await readAll(source);
    const read = readings.flatMap((reading) => reading.messages);
    expect(read.map(({ value }) => value)).toEqual(values);
    expect(read.map(({ meta }) => meta)).toEqual(values.map((_, index) => ({ lane: 'recording', offset: index + 1 })));
    expect(readings.at(-1)?.position).toBe(3001);
    expect(isCompleted).toBe(true);
  });

  it('reads the whole file again at every start', async () => {
    const path = join(folder, 'some.ndjson');
    await writeFile(path, '1\n2\n');
    const { source } = await roles(path);
    for (let start = 0; start < 2; start++) {
      const { readings } = await readAll(source);
      expect(readings.flatMap((reading) => reading.messages.map(({ value }) => value))).toEqual([1, 2]);
    }
  });

  it('passes on an unreadable line with its number and bytes, and continues with the next', async () => {
    const path = join(folder, 'bad.ndjson');
    await writeFile(
      path,
      Buffer.concat([Buffer.from('\uFEFF{"a":1}\r\n\n{"a":\n'), Buffer.from([0x22, 0xff, 0x22, 0x0a])]),
    );
    await appendFile(path, `"${'x'.repeat(2000)}"\n[4]`);
    const { source } = await roles(path, { max_line: '1KiB' });
    const { readings } = await readAll(source);
    const read = readings.flatMap((reading) => reading.messages);
    expect(read.map(({ value, meta }) => [meta.offset, value])).toEqual([
      [1, { a: 1 }],
      [3, undefined],
      [4, undefined],
      [5, undefined],
      [6, [4]],
    ]);
    expect(read.map(({ problem }) => problem?.code)).toEqual([
      undefined,
      ...Array(3).fill('FDP_MESSAGE_UNREADABLE'),
      undefined,
    ]);
    expect(read[1]?.raw).toEqual(Uint8Array.from(Buffer.from('{"a":')));
    expect(read[3]?.raw?.length).toBe(1024);
    expect(read[3]?.problem?.message).toBe('recording: line 5: 2002 bytes, expected at most 1024');
  });

  it('removes at the start a line that a crash left unfinished, and completes one that lacks only its end', async () => {
    const path = join(folder, 'torn.ndjson');
    await writeFile(path, '{"a":1}\n{"a":');
    const torn = await roles(path);
    await torn.sink.connect(never);
    expect(torn.context.log.lines[0]?.text).toMatch(/removed an incomplete last line/);
    await torn.sink.write(messages({ a: 2 }), never);
    await torn.sink.close();
    expect(await readFile(path, 'utf8')).toBe('{"a":1}\n{"a":2}\n');
    await writeFile(path, `{"a":1}\n${JSON.stringify({ b: 'x' })}`);
    const { sink } = await roles(path, { fsync: false });
    await sink.connect(never);
    await sink.write(messages({ a: 2 }), never);
    await sink.close();
    expect(await readFile(path, 'utf8')).toBe('{"a":1}\n{"b":"x"}\n{"a":2}\n');
  });

  it('does not change a file that does not contain lines of JSON', async () => {
    const path = join(folder, 'letter.txt');
    await writeFile(path, 'Dear Sir,');
    const { sink } = await roles(path);
    await expect(sink.connect(never)).rejects.toMatchObject({ code: 'FDP_REFUSED' });
    await sink.close();
    expect(await readFile(path, 'utf8')).toBe('Dear Sir,');
  });

  it('reports what a person must fix', async () => {
    const missing = await roles(join(folder, 'nothing'));
    await expect(missing.source.connect(never)).rejects.toMatchObject({ code: 'FDP_REFUSED', fault: 'fatal' });
    await mkdir(join(folder, 'folder'));
    const { source, sink } = await roles(join(folder, 'folder'));
    await expect(source.connect(never)).rejects.toMatchObject({ code: 'FDP_REFUSED' });
    await expect(sink.connect(never)).rejects.toMatchObject({ code: 'FDP_REFUSED' });
    await source.close();
    await sink.close();
  });

  it('waits for space when the disk is full', async () => {
    const { sink } = await roles('/dev/full', { fsync: false });
    await sink.connect(never);
    await expect(sink.write(messages(1), never)).rejects.toMatchObject({ code: 'FDP_DISK_FULL', fault: 'transient' });
    await sink.close();
  });

  it('leaves complete lines when there was space for only a part of a batch', async () => {
    const path = join(folder, 'limited.ndjson');
    const script = `trap '' XFSZ; ulimit -f 16; exec "${process.execPath}" --import tsx test/support/cli/write-until-full.ts "${path}"`;
    const { stdout } = await promisify(execFile)('bash', ['-c', script]);
    expect(JSON.parse(stdout)).toEqual({ codes: ['FDP_DISK_FULL', 'FDP_DISK_FULL'], written: 5 });
    const text = await readFile(path, 'utf8');
    expect(text.endsWith('\n')).toBe(true);
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line).batch),
    ).toEqual([0, 1, 2, 3, 4, 5].flatMap((batch) => Array(batch === 5 ? 1 : 30).fill(batch)));
  });
});
