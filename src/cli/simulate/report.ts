import { counted } from '../../kit/text.ts';
import { testCommand } from './failure-test.ts';
import type { SimulationResult } from './simulation.ts';
import { violationsOf } from './stage.ts';
import type { StageReport } from './stage-host.ts';

/** The most violations of one kind that are printed. */
const mostShown = 3;

export interface Report {
  readonly result: SimulationResult;
  readonly hours: number;
  /** The file with the shrunk test, once it is written. */
  readonly testFile: string | undefined;
}

/** What a simulation came to, for people. */
export function reportText({ result, hours, testFile }: Report): string {
  const { market, stages, skipped, seed, digest, failureTest } = result;
  const { trades, doubled, late, broken, missed, incidents } = market;
  const kinds = ['halt', 'away', 'skew'] as const;
  const [halts = 0, away = 0, skews = 0] = kinds.map((kind) => incidents.filter((each) => each.kind === kind).length);
  const head = [
    `${hours} h of the market, seed ${seed}: ${counted(trades, 'trade')}, of them ${doubled} sent twice, ${late} late, ${broken} broken`,
    `  the feed was away ${counted(away, 'time')} (${counted(missed, 'trade')} missed), ${counted(halts, 'halt')}, the vendor's clock was wrong ${counted(skews, 'time')}`,
    '',
  ];
  const skippedLines = skipped.map(({ topology, why }) => `${topology}: not run: ${why}`);
  const found = stages.flatMap(violationsOf);
  const end =
    found.length === 0
      ? ['nothing was lost, doubled or wrong']
      : [
          `${counted(found.length, 'violation')}; again with --seed ${seed}`,
          ...(testFile === undefined ? [] : [`the least that shows it: ${testCommand(testFile, failureTest?.seed)}`]),
        ];
  return `${[...head, ...stages.flatMap(stageLines), ...skippedLines, '', `digest ${digest.slice(0, 16)}`, ...end].join('\n')}\n`;
}

function stageLines(stage: StageReport): readonly string[] {
  const { topology, input, messages, faults, deadLetters, judgements } = stage;
  const lines = judgements.map(({ branch, what, expected, violations }) => {
    const state = expected === undefined ? '    ' : violations.length === 0 ? 'ok  ' : 'FAIL';
    return `  ${state} ${branch}: ${expected === undefined ? '' : `${expected} `}${what}`;
  });
  const kinds = new Map<string, number>();
  const shown = violationsOf(stage).flatMap(({ kind, text }) => {
    const count = (kinds.get(kind) ?? 0) + 1;
    kinds.set(kind, count);
    return count > mostShown ? [] : [`       ${text}`];
  });
  const more = [...kinds]
    .filter(([, count]) => count > mostShown)
    .map(([kind, count]) => `       ${count} times: ${kind}`);
  return [
    `${topology}: ${counted(messages, input)}, ${counted(faults, 'fault')}, ${counted(deadLetters, 'dead letter')}`,
    ...lines,
    ...shown,
    ...more,
  ];
}

/** The same for programs: what `--json` prints. */
export function reportOf({ result, hours, testFile }: Report) {
  const { seed, market, stages, skipped, digest, failureTest } = result;
  const { incidents, ...counts } = market;
  const found = stages.flatMap(violationsOf);
  return {
    ...{ seed, hours, passed: found.length === 0, digest },
    market: { ...counts, incidents },
    topologies: stages.map((stage) => ({
      ...{
        name: stage.topology,
        messages: stage.messages,
        faults: stage.faults,
        dead_letters: stage.deadLetters,
      },
      checks: stage.judgements.map(({ branch, what, expected, violations }) => ({
        ...{ branch, what, expected: expected ?? null, violations: violations.length },
      })),
    })),
    skipped,
    violations: found.slice(0, 100).map(({ kind, text }) => ({ kind, text })),
    test_file: testFile ?? null,
    test_seed: failureTest?.seed ?? null,
  };
}

/** The same as JSON, on one line. */
export function reportJson(report: Report): string {
  return `${JSON.stringify(reportOf(report))}\n`;
}
