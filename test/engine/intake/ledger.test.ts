import { describe, expect, it } from 'vitest';
import { Ledger } from '../../../src/engine/intake/ledger.ts';
import { MessageCounters } from '../../../src/engine/message-counters.ts';
import { Proofs } from '../../../src/engine/recovery/proofs.ts';
import type { Reading } from '../../../src/kit/source.ts';
import { VirtualClock } from '../../../src/simulate/virtual-clock.ts';
import { testEnvironment } from '../../../src/testing/environment.ts';

const meta = { lane: 'log/topic/0', topic: 'topic', partition: 0, offset: 0 };
/** A batch of one message. */
const reading = (more?: boolean): Reading => ({
  messages: [{ key: 'A', timestamp: 0, meta, value: {} }],
  bytes: 1,
  ...(more !== undefined && { more }),
});

function newLedger(): Ledger {
  const lane = { id: meta.lane, signal: new AbortController().signal, read: async () => undefined };
  const proofs = new Proofs(lane.id, undefined, 10);
  const environment = testEnvironment(new VirtualClock());
  const fail = (error: unknown) => {
    throw error;
  };
  return new Ledger({ lane, permits: [], counters: new MessageCounters(), environment, proofs, absorbable: 64, fail });
}

describe('a lane that sinks gather from', () => {
  it('has more to come until all that was read is absorbed', () => {
    const ledger = newLedger();
    const [first, second] = [ledger.open(reading()), ledger.open(reading())];
    let idle = 0;
    first.absorbed(true);
    expect(ledger.moreComes(() => idle++)).toBe(true);
    expect(idle).toBe(0);
    second.absorbed(true);
    expect(idle).toBe(1);
    expect(ledger.moreComes(() => idle++, true)).toBe(false);
  });

  it('has more in its log until a reading finds the end of it', () => {
    const ledger = newLedger();
    ledger.open(reading(true)).absorbed(true);
    let idle = 0;
    expect(ledger.moreComes(() => idle++)).toBe(false);
    expect(ledger.moreComes(() => idle++, true)).toBe(true);
    ledger.open(reading(false)).absorbed(true);
    expect(idle).toBe(1);
    expect(ledger.moreComes(() => idle++, true)).toBe(false);
  });

  it('has no more in its log after a reading of nothing, which is told to who waits', () => {
    const ledger = newLedger();
    ledger.open(reading(true)).absorbed(true);
    const seen: boolean[] = [];
    ledger.moreComes(() => seen.push(ledger.moreComes(() => {}, true)), true);
    ledger.open({ messages: [], bytes: 0, more: false });
    expect(seen).toEqual([false]);
  });

  it('has no more to come while as many batches are open as may be absorbed: it is not read on', () => {
    const ledger = newLedger();
    for (let batch = 1; batch < 64; batch++) ledger.open(reading(true)).absorbed(true);
    expect(ledger.moreComes(() => {}, true)).toBe(true);
    ledger.open(reading(true)).absorbed(true);
    expect(ledger.moreComes(() => {}, true)).toBe(false);
  });

  it('asks again, without an end, who still waits when it is idle', () => {
    const ledger = newLedger();
    ledger.open(reading(true)).absorbed(true);
    let asked = 0;
    const ask = () => {
      asked++;
      ledger.moreComes(ask, true);
    };
    ask();
    ledger.open(reading(true)).absorbed(true);
    expect(asked).toBe(2);
  });
});
