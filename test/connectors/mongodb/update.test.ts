import { Long } from 'mongodb';
import { describe, expect, it } from 'vitest';
import { updateOf } from '../../../connectors/mongodb/update.ts';
import type { TableDefinition } from '../../../connectors/shared/table/definition.ts';
import type { Marks, RowState } from '../../../connectors/shared/table/store.ts';

const definition: TableDefinition = {
  name: 'symbols',
  fields: { symbol: 'string', trades: 'int64' },
  unique: 'symbol',
  indexes: [],
  expireMs: undefined,
};
const state = (trades: number, marks: Marks): RowState => ({ values: { symbol: 'A', trades }, marks, states: {} });
const stored = (l: string, o: number) => ({ l, o: Long.fromNumber(o), i: 0, t: new Date(1000 + o), k: 'A' });

/** The update of a row that counts one more trade of a lane. */
function raised(lane: string, before: Marks, document?: object) {
  const after = { ...before, [lane]: [8, 0, 1008, 'A'] } as const;
  const was = state(1, before);
  const row = { key: 'A', before: { state: was, document }, after: state(2, after), lanes: [lane] };
  return updateOf(definition, { ...row, moves: () => ({ trades: { add: 1 } }) }, was, 0);
}

describe('the update of a row', () => {
  const marks: Marks = { x: [3, 0, 1003, 'A'], y: [7, 0, 1007, 'A'] };

  it('raises the mark of its lane where it stands, if it is what it was', () => {
    expect(raised('y', marks)).toEqual({
      q: { symbol: { $eq: 'A' }, '_marks.1': { $eq: stored('y', 7) } },
      u: { $set: { '_marks.1': stored('y', 8) }, $inc: { trades: Long.fromNumber(1) } },
    });
  });

  it('compares with the mark as another program has stored it', () => {
    const foreign = { l: 'y', o: 7, i: 0, t: new Date(1007), k: 'A', more: true };
    expect(raised('y', marks, { _marks: [stored('x', 3), foreign] })?.q).toEqual({
      symbol: { $eq: 'A' },
      '_marks.1': { $eq: foreign },
    });
  });

  it('sets all marks of a row that has none of its lane, if they are what they were', () => {
    expect(raised('z', marks)).toMatchObject({
      q: { _marks: { $eq: [stored('x', 3), stored('y', 7)] } },
      u: { $set: { _marks: [stored('x', 3), stored('y', 7), stored('z', 8)] } },
    });
  });
});
