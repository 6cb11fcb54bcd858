import { describe, expect, it } from 'vitest';
import { tcp } from '../../../connectors/tcp/index.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';
import { optionsOf } from '../../support/engine/options.ts';

function mistakes(options: object): string[] {
  const found: string[] = [];
  tcp.check?.(optionsOf(tcp, options), (_path, text) => void found.push(text));
  return found;
}

describe('tcp options', () => {
  it('wants exactly one of listen and connect', () => {
    expect(mistakes({ listen: '127.0.0.1:1' })).toEqual([]);
    expect(mistakes({ connect: '127.0.0.1:1' })).toEqual([]);
    expect(mistakes({})).toEqual([expect.stringContaining('exactly one')]);
    expect(mistakes({ listen: '127.0.0.1:1', connect: '127.0.0.1:1' })).toHaveLength(1);
  });

  it('claims the port on which it listens, and nothing where it connects', () => {
    expect(tcp.claims?.({ listen: 'localhost:8888' })).toEqual(tcp.claims?.({ listen: '127.0.0.1:8888' }));
    expect(tcp.claims?.({ listen: '127.0.0.1:8888' })).not.toEqual(tcp.claims?.({ listen: '127.0.0.1:8889' }));
    expect(tcp.claims?.({ listen: '127.0.0.1:0' })).toEqual([]);
    expect(tcp.claims?.({ connect: '127.0.0.1:8888' })).toEqual([]);
  });

  it('has the one role that its options give', async () => {
    const context = { ...testEnvironment(), name: 'feed' };
    const server = await tcp.create(optionsOf(tcp, { listen: '127.0.0.1:0' }), context);
    const client = await tcp.create(optionsOf(tcp, { connect: '127.0.0.1:1' }), context);
    expect([server.source, typeof server.sink]).toEqual([undefined, 'function']);
    expect([typeof client.source, client.sink]).toEqual(['function', undefined]);
    expect(tcp.roles?.({ listen: '127.0.0.1:0' })).toEqual(['sink']);
    expect(tcp.roles?.({ connect: '127.0.0.1:1' })).toEqual(['source']);
  });
});
