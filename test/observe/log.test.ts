import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { FdpError } from '../../src/errors.ts';
import { createLog, type LogOptions } from '../../src/observe/log.ts';
import { VirtualClock } from '../../src/simulate/virtual-clock.ts';

async function recorded(options: Partial<LogOptions> = {}) {
  const written: string[] = [];
  const log = await createLog({
    level: 'info',
    clock: new VirtualClock(Date.UTC(2025, 10, 20, 13, 33, 18, 585)),
    destination: { write: (line) => void written.push(line) },
    ...options,
  });
  const last = () => JSON.parse(written.at(-1) ?? 'null');
  return { log, written, last };
}

describe('log', () => {
  it('writes one JSON object a line: the level as a word, the time as ISO, the fields, the text', async () => {
    const { log, written } = await recorded();
    log.warn({ topology: 'processor', lag: 3 }, 'behind');
    expect(written).toEqual([
      '{"level":"warn","time":"2025-11-20T13:33:18.585Z","topology":"processor","lag":3,"msg":"behind"}\n',
    ]);
  });

  it('never writes a key twice, whatever the fields are called', async () => {
    const { log, written } = await recorded({ instance: 'one' });
    const field = fc.constantFrom('level', 'time', 'instance', 'msg', 'err', 'topology', 'toString');
    const fields = fc.dictionary(field, fc.oneof(fc.string(), fc.integer()));
    fc.assert(
      fc.property(fields, fields, (bound, given) => {
        log.child(bound).warn(given, 'the text');
        const line = written.at(-1) ?? '';
        expect(parse(line, { uniqueKeys: true })).toEqual(JSON.parse(line));
        expect(JSON.parse(line)).toMatchObject({ level: 'warn', instance: 'one', msg: 'the text' });
        for (const [name, value] of Object.entries(given).filter(([each]) => each === 'msg'))
          expect(JSON.parse(line)).toMatchObject({ [`field_${name}`]: value });
      }),
    );
  });

  it('leaves out what is below its level', async () => {
    const { log, written } = await recorded({ level: 'error' });
    log.debug({}, 'a');
    log.info({}, 'b');
    log.warn({}, 'c');
    log.error({}, 'd');
    expect(written).toHaveLength(1);
  });

  it('gives a child lines with its fields', async () => {
    const { log, last } = await recorded();
    log.child({ topology: 'api' }).child({ node: 'http' }).info({ port: 8000 }, 'listens');
    expect(last()).toMatchObject({ topology: 'api', node: 'http', port: 8000, msg: 'listens' });
  });

  it('writes an expected error as code and message, with its cause', async () => {
    const { log, last } = await recorded();
    const error = new FdpError('FDP_TIMEOUT', 'trades: no answer', { cause: new Error('socket hang up') });
    log.error({ error }, 'gave up');
    expect(last().error).toEqual({ code: 'FDP_TIMEOUT', message: 'trades: no answer', cause: 'socket hang up' });
  });

  it('writes an unexpected error with its stack', async () => {
    const { log, last } = await recorded();
    log.error({ err: new TypeError('x is not a function') }, 'bug');
    expect(last().err).toMatchObject({ type: 'TypeError', message: 'x is not a function' });
    expect(last().err.stack).toContain('log.test.ts');
  });

  it('writes pretty lines with topology and node in front', async () => {
    const { log, written } = await recorded({ pretty: true });
    log.child({ topology: 'processor', node: 'trades' }).info({ attempt: 2 }, 'waits');
    expect(written.join('')).toMatch(/^\[\d\d:\d\d:18\.585\] INFO: processor trades: waits \{"attempt":2\}\n$/);
  });

  it('lets no text from outside steer the terminal', async () => {
    const { log, written } = await recorded({ pretty: true });
    log.info({ from: '\u001b[2J\u009b2J\u202e' }, 'wipe \u001b[2J \u009b2J \\u001b');
    expect(written.join('')).toContain('wipe \\u{1b}[2J \\u{9b}2J \\u001b');
    expect(written.join('').trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });

  it('bounds its lines, and writes JSON that can be read back', async () => {
    const { log, last } = await recorded();
    log.info({}, `\u001b\u009b\u202e"\\ ${'x'.repeat(1_000_000)}`);
    expect(last().msg.slice(0, 30)).toBe('\\u{1b}\\u{9b}\\u{202e}"\\ xxxxxxx');
    expect(last().msg.length).toBeLessThan(4100);
  });
});

describe('secrets in the log', () => {
  it('are masked in the text, in fields however deep, and in what a child carries', async () => {
    const { log, written } = await recorded();
    log.mask(['s3cr3t-token']);
    const deep = { list: [{ url: 'wss://ws.finnhub.io?token=s3cr3t-token' }] };
    log.child({ from: 's3cr3t-token' }).info({ deep, note: 'a s3cr3t-token s3cr3t-token b' }, 'with s3cr3t-token');
    expect(written.join('')).not.toContain('s3cr3t-token');
    expect(JSON.parse(written.join(''))).toMatchObject({
      from: '******',
      deep: { list: [{ url: 'wss://ws.finnhub.io?token=******' }] },
      note: 'a ****** ****** b',
      msg: 'with ******',
    });
  });

  it('are masked in error messages and stacks', async () => {
    const { log, written } = await recorded();
    log.mask(['s3cr3t-token']);
    log.error({ error: new Error('refused s3cr3t-token', { cause: new Error('s3cr3t-token') }) }, 'failed');
    expect(written.join('')).not.toContain('s3cr3t-token');
  });

  it('are found with characters that JSON or a URL writes differently', async () => {
    const { log, last } = await recorded();
    log.mask(['pa"ss\\wo/rd é']);
    log.info({ url: `mongodb://user:${encodeURIComponent('pa"ss\\wo/rd é')}@host` }, 'is pa"ss\\wo/rd é');
    expect(last()).toMatchObject({ url: 'mongodb://user:******@host', msg: 'is ******' });
  });

  it('are masked whole when one is part of another', async () => {
    const { log, last } = await recorded();
    log.mask(['abcd']);
    log.mask(['abcd-efgh']);
    log.info({}, 'abcd-efgh abcd');
    expect(last().msg).toBe('****** ******');
  });

  it('leave numbers, names from the spec and other lines as they are', async () => {
    const { log, last, written } = await recorded();
    log.mask(['simulator', '8765', '']);
    log.info({ topology: 'simulator', port: 8765 }, 'ready');
    expect(last()).toMatchObject({ topology: 'simulator', port: 8765, msg: 'ready', level: 'info' });
    log.info({}, 'nothing here');
    expect(written[1]).toBe('{"level":"info","time":"2025-11-20T13:33:18.585Z","msg":"nothing here"}\n');
  });

  it('are masked in pretty lines', async () => {
    const { log, written } = await recorded({ pretty: true });
    log.mask(['s3cr3t-token']);
    log.info({ token: 's3cr3t-token' }, 'with s3cr3t-token');
    expect(written.join('')).toContain('with ****** {"token":"******"}');
  });
});
