import { describe, expect, it } from 'vitest';
import { Proofs } from '../../../src/engine/recovery/proofs.ts';
import { rewindToStores } from '../../../src/engine/recovery/store-check.ts';
import { NodeStats } from '../../../src/kit/node-stats.ts';
import type { Sink } from '../../../src/kit/sink.ts';
import type { Lane } from '../../../src/kit/source.ts';
import { recordingLog } from '../../../src/testing/environment.ts';

const id = 'log/t/0';
const committed = 1000;
const underWay = 50;

/** A store that has what was written up to an offset. */
function storeWith(next: number | undefined): Sink {
  return {
    ordered: false,
    connect: async () => {},
    close: async () => {},
    write: async () => ({}),
    rows: { behind: async () => next },
  };
}

/** Where a lane is read from, after its stores were looked at; the log begins at `first`. */
async function rewound(stores: Readonly<Record<string, number | undefined>>, first = 0): Promise<number | undefined> {
  let position: number | undefined;
  const lane: Lane = {
    id,
    signal: new AbortController().signal,
    read: () => new Promise(() => {}),
    log: { recordAt: async () => undefined, range: async () => ({ first, next: committed }) },
    group: {
      start: { position: committed },
      commit: async () => {},
      rewind: async (to) => {
        position = to;
      },
    },
  };
  const proofs = new Proofs(id, undefined, underWay);
  for (const branch of Object.keys(stores)) proofs.add(branch, { key: 'k', offset: committed - 1, index: 0 }, 1);
  const sinks = new Map(Object.entries(stores).map(([branch, next]) => [branch, storeWith(next)]));
  const node = new NodeStats('t', 'source', 'log', { stateChanged: () => {} });
  await rewindToStores(lane, { sinks, proofs, node, log: recordingLog() });
  return position;
}

describe('a lane whose stores are behind', () => {
  it('begins where the one is that is furthest behind, less what may have been under way there', async () => {
    expect(await rewound({ trades: 700, symbols: 300 })).toBe(250);
    expect(await rewound({ trades: 300, symbols: 700 })).toBe(250);
    expect(await rewound({ trades: 300, symbols: undefined })).toBe(250);
  });

  it('begins no earlier than its log, and no later than what was committed', async () => {
    expect(await rewound({ trades: 300 }, 280)).toBe(280);
    expect(await rewound({ trades: 20 })).toBe(0);
    expect(await rewound({ trades: 300 }, 1200)).toBe(committed);
  });

  it('begins where it was committed if no store is behind', async () => {
    expect(await rewound({ trades: undefined, symbols: undefined })).toBeUndefined();
  });
});
