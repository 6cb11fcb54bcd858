import type { TapeEntry } from '../../simulate/tape.ts';
import { faultYaml } from './fault-times.ts';
import { promptMs } from './oracle/delay.ts';
import type { Judgement } from './oracle/judgement.ts';
import { type Shrunk, testSeed } from './shrink-stage.ts';
import { runStage } from './stage.ts';
import type { StageResult } from './stage-run.ts';

/** A test that fails. */
export interface FailureTest {
  readonly text: string;
  /** With which seed it does, if it depends on one. */
  readonly seed: number | undefined;
}

/** A shrunk run as a test that `fdp test` runs: what comes, what goes wrong, and what should be there. */
export async function failureTest(shrunk: Shrunk, seed: number): Promise<FailureTest> {
  const result = await runStage(shrunk);
  const { topology } = result;
  const again = shrunk.seed === testSeed ? '' : `# It fails by chance: fdp test --seed ${shrunk.seed}\n`;
  const lines = [
    `name: ${JSON.stringify(`${shrunk.kind} (found by fdp simulate, seed ${seed})`)}`,
    `topology: ${topology}`,
    ...tableLines(shrunk),
    'input:',
    ...shrunk.tape.map((entry) => `  - ${entryYaml(entry)}`),
    ...(shrunk.faults.length > 0 ? ['faults:', ...shrunk.faults.map((fault) => `  - ${faultYaml(fault)}`)] : []),
    'expect:',
    ...expectations(result).map((line) => `  ${line}`),
    ...(shrunk.kind.endsWith(': slow') ? [`  within: ${(shrunk.tape.at(-1)?.atMs ?? 0) + promptMs}ms`] : []),
  ];
  return { text: `${again}${lines.join('\n')}\n`, seed: shrunk.seed === testSeed ? undefined : shrunk.seed };
}

/** The rows that requests are about. */
function tableLines({ given }: Shrunk): readonly string[] {
  const filled = [...(given?.tables ?? [])].filter(([, { rows }]) => rows.length > 0);
  if (filled.length === 0) return [];
  return [
    'tables:',
    ...filled.flatMap(([name, { rows }]) => [
      `  ${name}:`,
      ...rows.map(({ _id, ...row }) => `    - ${JSON.stringify(row)}`),
    ]),
  ];
}

function entryYaml({ atMs, key, content }: TapeEntry): string {
  const head = `at: ${atMs}ms${key === null ? '' : `, key: ${JSON.stringify(key)}`}`;
  if ('request' in content) return `{ ${head}, request: ${JSON.stringify(content.request)} }`;
  if ('text' in content) return `{ ${head}, text: ${JSON.stringify(content.text)} }`;
  return `{ ${head}, message: ${JSON.stringify('value' in content ? content.value : null)} }`;
}

/** How to run it. */
export function testCommand(file: string, seed: number | undefined): string {
  return `fdp test ${file}${seed === undefined ? '' : ` --seed ${seed}`}`;
}

/** What should be there, sink by sink; the order, where that was wrong. */
function expectations({ judgements, violations, faults, replies }: StageResult): readonly string[] {
  if (replies) return ['replies:', ...replies.map((reply) => `  - ${JSON.stringify(reply)}`)];
  const isOnce = faults.every(({ kind }) => kind === 'clock');
  const lines = judgements.flatMap((judgement) => expectation(judgement, isOnce));
  const isOutOfOrder = violations.some(({ kind }) => kind.endsWith(': order'));
  if (isOutOfOrder) lines.push('order: { by: symbol }');
  return lines.length > 0 ? lines : ['dead_letters: 0'];
}

/** Dead letters may be written again after a fault: their number is known where there is none. */
function expectation({ branch, expected, content }: Judgement, isOnce: boolean): readonly string[] {
  if (content) {
    const rows = content();
    if (rows.length === 0) return [`${branch}: 0`];
    return [`${branch}:`, ...rows.map((row) => `  - ${JSON.stringify(row)}`)];
  }
  return expected === undefined || branch !== 'dead_letters' || !isOnce ? [] : [`${branch}: ${expected}`];
}
