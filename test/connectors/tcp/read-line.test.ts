import { describe, expect, it } from 'vitest';
import { readLine } from '../../../connectors/tcp/read-line.ts';

const read = (line: string | Buffer) => readLine(Buffer.from(line), { name: 'feed', key: 'symbol', now: () => 7 });

describe('tcp line', () => {
  it('is a message with its key, dated by when it was received, whatever its own time', () => {
    const value = { time: '2025-11-20T13:33:18.585Z', symbol: 'AAPL', price: 196.38 };
    expect(read(JSON.stringify(value))).toEqual({ key: 'AAPL', value, timestamp: 7, meta: { lane: 'feed' } });
    for (const line of ['{}', '{"time":5}', '{"time":"2099-01-01T00:00:00Z"}', '42', 'null'])
      expect(read(line)).toMatchObject({ timestamp: 7, key: null });
  });

  it('is a problem when it is nested too deeply', () => {
    const line = `{"symbol":"A","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`;
    expect(read(line).problem?.message).toBe(
      "feed: a line can't be read: expected JSON of at most 100 levels, got more",
    );
    expect(Buffer.from(read(line).raw ?? '').toString()).toBe(line);
  });

  it('is a problem with its bytes when it is not JSON', () => {
    const message = read('{"torn');
    expect(message.problem?.code).toBe('FDP_MESSAGE_UNREADABLE');
    expect(message.raw).toEqual(Buffer.from('{"torn'));
  });

  it('tolerates invalid UTF-8', () => {
    const line = Buffer.concat([Buffer.from('{"symbol":"A'), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(read(line)).toMatchObject({ key: 'A\ufffd' });
  });

  it('does not take a key from a prototype', () => {
    expect(readLine(Buffer.from('{}'), { name: 'feed', key: 'constructor', now: () => 7 }).key).toBeNull();
  });
});
