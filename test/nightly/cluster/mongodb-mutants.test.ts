import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { isFull } from '../../support/cli/faults.ts';
import { apply, copySources, type Mutant, mutated, verdict } from '../../support/cli/mutants.ts';
import { temporaryFolder } from '../../support/cli/platform.ts';
import { onOwnServices } from '../../support/services/cluster.ts';

const exact = {
  project: 'cluster',
  file: 'test/cluster/mongodb-overlap.test.ts',
  name: 'mongodb counters on a standalone server are exact with old consumers still writing, cut off anywhere',
} as const;

const remembered = {
  ...exact,
  name: 'mongodb counters on a standalone server are exact where a consumer counts on from what it remembers of rows, and another has counted meanwhile',
} as const;

/** Mistakes by which MongoDB loses, doubles or hides something. The tests themselves run, and pass, beside this one. */
const mutants: readonly Mutant[] = [
  {
    mistake: 'has writes confirmed before they are in the journal',
    file: 'connectors/mongodb/collection.ts',
    text: "{ w: 'majority', j: true, wtimeout: 10_000 }",
    replacement: '{ w: 1 }',
    caughtBy: {
      project: 'cluster',
      file: 'test/cluster/mongodb-faults.test.ts',
      name: 'mongodb a standalone server that is killed just after a write has it',
    },
  },
  {
    mistake: 'counts by the size of the batch, whatever is above the mark',
    file: 'connectors/shared/table/fold.ts',
    text: 'if (mark && !isAbove(mark, marks[lane])) {',
    replacement: 'if (false) {',
    caughtBy: exact,
  },
  {
    mistake: 'has marks of offsets alone, without the index',
    file: 'connectors/shared/table/store.ts',
    text: 'mark[0] > other[0] || (mark[0] === other[0] && mark[1] > other[1])',
    replacement: 'mark[0] > other[0]',
    caughtBy: {
      project: 'cluster',
      file: 'test/cluster/mongodb.test.ts',
      name: 'mongodb on a standalone server table counters counts a message once by (offset, index) of its lane, and names what it had counted as known',
    },
  },
  {
    mistake: "moves a lane's mark on wherever it stands by then",
    file: 'connectors/mongodb/update.ts',
    text: "{ $eq: document?.['_marks'][at] ?? storedMark(lane, from) }",
    replacement: '{ $exists: true }',
    caughtBy: {
      project: 'cluster',
      file: 'test/cluster/mongodb-overlap.test.ts',
      name: 'mongodb counters on a standalone server are exact where a consumer counts on from what it remembers of a row, and another has counted meanwhile',
    },
  },
  {
    mistake: 'sets a sum over what somebody else has added since it was read',
    file: 'connectors/mongodb/update.ts',
    text: 'q[field] = { $eq: document ? (document[field] ?? null) : toBson(definition, field, known) };',
    replacement: '',
    caughtBy: {
      project: 'cluster',
      file: 'test/cluster/mongodb.test.ts',
      name: 'mongodb on a standalone server table folds adds up what two write at once',
    },
  },
  {
    mistake: 'takes a change for done though somebody else came between',
    file: 'connectors/mongodb/merge.ts',
    text: 'return errors.length === 0 && found === steps.length && changed >= toChange;',
    replacement: 'return errors.length === 0;',
    caughtBy: remembered,
  },
  {
    mistake: 'takes rows that were found for changed, whatever their conditions',
    file: 'connectors/mongodb/merge.ts',
    text: ' && changed >= toChange;',
    replacement: ';',
    caughtBy: remembered,
  },
  {
    mistake: 'takes a row for made that another writer has made',
    file: 'connectors/mongodb/merge.ts',
    text: 'else if (this.#isRace(error)) again.push(step);',
    replacement: 'else if (this.#isRace(error)) this.#seen.wrote(step.key, step.before, step.after);',
    caughtBy: {
      project: 'cluster',
      file: 'test/cluster/mongodb-overlap.test.ts',
      name: 'mongodb counters on a standalone server are made once when many make the same document at once',
    },
  },
  {
    mistake: 'believes what it remembers of a row about what that has counted',
    file: 'connectors/mongodb/merge.ts',
    text: 'if (leftOut && !read.has(key)) doubtful.push(key);',
    replacement: 'if (false) doubtful.push(key);',
    caughtBy: {
      project: 'cluster',
      file: 'test/cluster/mongodb-documents.test.ts',
      name: 'mongodb resets a lane, and counts it again',
    },
  },
  {
    mistake: 'continues a page with what is strictly older, whatever the id',
    file: 'connectors/mongodb/query.ts',
    text: 'if (after.id === undefined || !second) return beyond;',
    replacement: 'if (after) return beyond;',
    caughtBy: {
      project: 'cluster',
      file: 'test/cluster/mongodb.test.ts',
      name: 'mongodb on a standalone server table queries walks a thousand rows of one millisecond, each once, while rows are stored',
    },
  },
  {
    mistake: 'takes every duplicate for a row that is known',
    file: 'connectors/mongodb/insert.ts',
    text: 'if (coordinates) known.set(index, coordinates);',
    replacement:
      "if (error.code === duplicateKey) known.set(index, coordinates ?? { lane: '', offset: -1, index: 0 });",
    caughtBy: {
      project: 'cluster',
      file: 'test/cluster/mongodb-documents.test.ts',
      name: 'mongodb refusals of another unique index are permanent errors, and do not count as known rows',
    },
  },
];

/** One of the journal, one of marks, one of sums; the full part tries all. */
const tried = isFull
  ? mutants
  : mutants.filter(({ mistake }) => /confirmed before|marks of offsets alone|sets a sum/.test(mistake));

/** The servers that are shared need not be started again. */
const { kafka = '', mongo = '' } = inject('services') ?? {};
const servers = { FDP_TEST_KAFKA_BROKERS: kafka, MONGO_URL_TEST: mongo };

onOwnServices('a test on a real server that can fail', () => {
  it('follows the code: each mistake can be made', () => {
    for (const mutant of mutants) mutated(mutant);
    expect(tried.length).toBeGreaterThanOrEqual(3);
  });

  it.each(tried.map((mutant) => [mutant.mistake, mutant] as const))('notices a program that %s', async (_, mutant) => {
    using folder = temporaryFolder();
    const copy = join(folder.path, 'copy');
    copySources(copy);
    apply(mutant, copy);
    const { status, failures } = await verdict(mutant.caughtBy, copy, servers);
    expect(status).toBe('failed');
    expect(failures).not.toMatch(/timed out|SyntaxError|ReferenceError/i);
  });
});
