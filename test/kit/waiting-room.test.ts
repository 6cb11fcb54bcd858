import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { WaitingRoom } from '../../src/kit/waiting-room.ts';

let nextPort = 1;

/** A connection of an address; `destroyed` once it was disconnected. */
class Connection extends EventEmitter {
  destroyed = false;
  readonly remoteAddress: string | undefined;
  readonly remotePort = nextPort++;
  readonly localAddress = '127.0.0.1';
  readonly localPort = 8888;

  constructor(address: string | undefined) {
    super();
    this.remoteAddress = address;
  }

  destroy(): void {
    this.destroyed = true;
    this.emit('close');
  }
}

function entered(room: WaitingRoom, count: number, address: (index: number) => string): Connection[] {
  return Array.from({ length: count }, (_, index) => {
    const connection = new Connection(address(index));
    room.enter(connection as unknown as Socket);
    return connection;
  });
}

describe('a waiting room', () => {
  it('has 250 places for an address: the one that waits longest goes, and those of others stay', () => {
    let gone = 0;
    const room = new WaitingRoom(() => gone++);
    const [other] = entered(room, 1, () => '192.0.2.2');
    const crowd = entered(room, 252, () => '192.0.2.1');
    expect(crowd.map(({ destroyed }, index) => (destroyed ? index : -1)).filter((index) => index >= 0)).toEqual([0, 1]);
    expect([other?.destroyed, room.size, gone]).toEqual([false, 251, 2]);
  });

  it('has 500 places for all', () => {
    const room = new WaitingRoom(() => {});
    const crowd = entered(room, 501, (index) => `10.0.${index >> 8}.${index & 255}`);
    expect([crowd[0]?.destroyed, crowd[1]?.destroyed, room.size]).toEqual([true, false, 500]);
  });

  it('forgets who is let in, found by the addresses, and who leaves', () => {
    const room = new WaitingRoom(() => {});
    const [one, other] = entered(room, 2, () => '2001:db8::1');
    const { remoteAddress, remotePort, localAddress, localPort } = one as Connection;
    room.leave({ remoteAddress, remotePort, localAddress, localPort } as Socket);
    expect(room.size).toBe(1);
    other?.emit('close');
    one?.emit('close');
    expect(room.size).toBe(0);
    expect(entered(room, 250, () => '2001:db8::2').some(({ destroyed }) => destroyed)).toBe(false);
  });

  it('keeps nobody who has left before, and disconnects all at the end', () => {
    const room = new WaitingRoom(() => {});
    const gone = new Connection(undefined);
    room.enter(gone as unknown as Socket);
    expect([gone.destroyed, room.size]).toEqual([true, 0]);
    const waiting = entered(room, 3, () => '192.0.2.1');
    room.end();
    expect([waiting.every(({ destroyed }) => destroyed), room.size]).toEqual([true, 0]);
  });
});
