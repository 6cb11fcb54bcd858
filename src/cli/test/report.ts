import { type Problem, Problems, printProblems, shownPath } from '../../pipeline/problem.ts';
import type { PipelineTest } from '../../pipeline/tests/model.ts';
import type { Failure } from './failure.ts';

/** What became of a test. */
export interface TestResult {
  readonly file: string;
  readonly test: PipelineTest;
  readonly failures: readonly Failure[];
  /** Of the run: the same for the same pipeline, test and seed. Undefined if it could not run. */
  readonly digest: string | undefined;
  /** When everything was done, ms of virtual time; undefined if it never was. */
  readonly doneMs: number | undefined;
  /** Warnings and errors of the run. */
  readonly log: readonly string[];
}

export interface Report {
  readonly results: readonly TestResult[];
  readonly seed: number;
  /** Paths below it are shown relative to it. */
  readonly folder: string;
}

/** The most lines of a run's log that a failed test shows. */
const mostLogged = 5;

/** A line for each test, and below a failed one each expectation that does not hold, with its position. */
export function reportText(report: Report): string {
  const { results, seed } = report;
  const failed = results.filter(({ failures }) => failures.length > 0).length;
  const counted = [`${results.length - failed} passed`, ...(failed > 0 ? [`${failed} failed`] : [])].join(', ');
  const tests = results.length === 1 ? '1 test' : `${results.length} tests`;
  return `${results.map((result) => resultText(result, report)).join('')}${tests}: ${counted} (seed ${seed})\n`;
}

function resultText(result: TestResult, report: Report): string {
  const { file, test, failures } = result;
  const title = `${shownPath(file, report.folder)}: ${test.name}\n`;
  if (failures.length === 0) return `ok    ${title}`;
  return `FAIL  ${title}\n${failureText(result, report)}\n`;
}

/** The expectations of a test that do not hold, with what was logged. */
function failureText({ failures, log }: TestResult, { folder, seed }: Report): string {
  const parts = failures.map((failure) => {
    const diff = failure.diff.map((line) => `  ${line}\n`).join('');
    return `${printProblems([problemOf(failure)], folder)}${diff}`;
  });
  const logged = log.slice(-mostLogged).map((line) => `  ${line}\n`);
  return `${parts.join('\n')}${logged.length > 0 ? `  logged:\n${logged.join('')}` : ''}  again with --seed ${seed}\n`;
}

function problemOf({ range, text }: Failure): Problem {
  const problems = new Problems();
  problems.add(range, text);
  return problems.list[0] ?? { message: text };
}

/** The same as one JSON object. */
export function reportJson({ results, seed, folder }: Report): string {
  const tests = results.map(({ file, test, failures, digest, doneMs }) => ({
    file: shownPath(file, folder),
    name: test.name,
    topology: test.topology,
    passed: failures.length === 0,
    digest: digest ?? null,
    done_ms: doneMs ?? null,
    failures: failures.map((failure) => {
      const { at, message } = problemOf(failure);
      return { message, line: at?.line, column: at?.column, diff: failure.diff };
    }),
  }));
  const failed = tests.filter(({ passed }) => !passed).length;
  return `${JSON.stringify({ seed, passed: tests.length - failed, failed, tests })}\n`;
}

/** The same as JUnit XML: a suite for each file. The times are virtual. */
export function reportJunit(report: Report): string {
  const { results, folder } = report;
  const files = [...new Set(results.map(({ file }) => file))];
  const suites = files.map((file) => {
    const own = results.filter((result) => result.file === file);
    const failed = own.filter(({ failures }) => failures.length > 0).length;
    const head = `name="${xml(shownPath(file, folder))}" tests="${own.length}" failures="${failed}"`;
    return `  <testsuite ${head}>\n${own.map((result) => junitCase(result, report)).join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`;
}

function junitCase(result: TestResult, report: Report): string {
  const { test, failures, doneMs = 0 } = result;
  const head = `classname="${xml(test.topology)}" name="${xml(test.name)}" time="${doneMs / 1000}"`;
  const [first] = failures;
  if (!first) return `    <testcase ${head}/>\n`;
  const failure = `<failure message="${xml(first.text)}">${xml(failureText(result, report))}</failure>`;
  return `    <testcase ${head}>\n      ${failure}\n    </testcase>\n`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** Text without what XML can't hold. */
function xml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[&<>"]/g, (sign) => entities[sign] ?? sign);
}
