import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Broadcast, Outlet } from '../../../connectors/tcp/outlet.ts';

/** A client that takes bytes when the test lets it. */
function client(limit: number) {
  let pending = 0;
  const seen = { text: '', skipped: 0, most: 0 };
  const outlet = new Outlet(
    {
      pending: () => pending,
      write: (bytes) => {
        pending += bytes.length;
        seen.text += bytes.toString();
        seen.most = Math.max(seen.most, pending);
      },
    },
    limit,
    (lines) => {
      seen.skipped += lines;
    },
  );
  const take = (bytes = pending) => {
    pending -= Math.min(bytes, pending);
    outlet.taken();
  };
  return { outlet, seen, take };
}

function broadcast(...texts: readonly string[]): Broadcast {
  const lines = texts.map((text) => ({ key: text[0] ?? '', text: `${text}\n`, size: text.length + 1 }));
  return { lines: () => lines, joined: Buffer.from(lines.map((line) => line.text).join('')) };
}

describe('tcp outlet', () => {
  it('passes everything on while the client keeps up', () => {
    const { outlet, seen, take } = client(9);
    for (const text of ['a1', 'b1', 'a2', 'a3']) {
      outlet.send(broadcast(text));
      take();
    }
    expect(seen).toMatchObject({ text: 'a1\nb1\na2\na3\n', skipped: 0 });
  });

  it('gives a slow client the latest line of each key once it has caught up, and then every line', () => {
    const { outlet, seen, take } = client(6);
    outlet.send(broadcast('a1', 'b1', 'a2', 'b2', 'a3', 'b3', 'c1', 'a4'));
    expect(outlet.conflating).toBe(true);
    expect(seen).toMatchObject({ text: 'a1\nb1\n', skipped: 4 });
    take(3);
    expect(seen.text).toBe('a1\nb1\n');
    take();
    expect(seen.text).toBe('a1\nb1\nc1\na4\n');
    expect(outlet.conflating).toBe(false);
    take();
    outlet.send(broadcast('a5', 'a6'));
    expect(seen).toMatchObject({ text: 'a1\nb1\nc1\na4\na5\na6\n', skipped: 4 });
  });

  it('passes a line longer than the limit when nothing waits', () => {
    const { outlet, seen } = client(4);
    outlet.send(broadcast('a-very-long-line'));
    expect(seen.text).toBe('a-very-long-line\n');
  });

  it('writes what it kept when it is flushed, whatever waits', () => {
    const { outlet, seen } = client(6);
    outlet.send(broadcast('a1', 'b1', 'c1', 'a2'));
    outlet.flush();
    expect(seen.text).toBe('a1\nb1\nc1\na2\n');
  });

  it('keeps within its bounds, loses nothing uncounted, keeps the order of each key and ends with each latest line', () => {
    const batch = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { minLength: 1, maxLength: 8 });
    const steps = fc.array(fc.oneof(batch, fc.nat(60)), { maxLength: 100 });
    fc.assert(
      fc.property(steps, fc.integer({ min: 16, max: 64 }), (what, limit) => {
        const { outlet, seen, take } = client(limit);
        const sent: string[] = [];
        for (const step of what) {
          if (typeof step === 'number') {
            take(step);
          } else {
            const texts = step.map((key, index) => `${key}${String(sent.length + index).padStart(4, '0')}`);
            sent.push(...texts);
            outlet.send(broadcast(...texts));
          }
          expect(seen.most).toBeLessThanOrEqual(limit);
          expect(outlet.keptBytes).toBeLessThanOrEqual(limit);
        }
        take();
        take();
        const got = seen.text.split('\n').slice(0, -1);
        expect(got.length + seen.skipped).toBe(sent.length);
        for (const key of 'abcd') {
          const mine = got.filter((line) => line.startsWith(key));
          expect(mine).toEqual([...mine].sort());
          const latest = sent.findLast((line) => line.startsWith(key));
          if (limit >= 24) expect(mine.at(-1)).toBe(latest);
        }
      }),
    );
  });
});
