import { describe, expect, it } from 'vitest';
import { Processes } from '../../../../connectors/shared/status/processes.ts';
import type { Platform } from '../../../../src/kit/environment.ts';
import type { StatusReport } from '../../../../src/kit/snapshot.ts';
import { testEnvironment } from '../../../../src/testing/environment.ts';
import { processSnapshot } from '../../../support/engine/snapshots.ts';

const report: StatusReport = { pipeline: 'p', process: processSnapshot(0, []), topologies: {} };

function processesOn(reports?: Platform['reports']): Processes {
  const platform = {
    snapshot: () => report.process,
    report: () => report,
    stop: () => {},
    ...(reports && { reports }),
  };
  return new Processes({ ...testEnvironment(), platform });
}

describe('the running processes', () => {
  it('are all that the status table knows', async () => {
    expect(await processesOn(async () => [report, report]).ask()).toEqual({
      at: expect.any(Number),
      reports: [report, report],
      problem: undefined,
    });
  });

  it.each([
    ['no_table', undefined],
    ['empty', async () => []],
    ['away', () => Promise.reject(new Error('nobody answers at a.secret.host'))],
  ] as const)('are this one alone, and why: %s', async (kind, reports) => {
    const { reports: known, problem } = await processesOn(reports).ask();
    expect(known).toEqual([report]);
    expect(problem).toMatchObject({ kind, text: expect.stringMatching(/^only this process: /) });
    expect(problem?.text).not.toContain('secret');
  });

  it('are queried once at a time; other callers get an answer at once', async () => {
    let asked = 0;
    let answer = (_reports: readonly StatusReport[]) => {};
    const processes = processesOn(() => {
      asked++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    const first = processes.ask();
    expect((await processes.ask()).problem?.kind).toBe('busy');
    expect(asked).toBe(1);
    answer([report, report]);
    expect((await first).reports).toHaveLength(2);
    void processes.ask();
    expect(asked).toBe(2);
  });
});
