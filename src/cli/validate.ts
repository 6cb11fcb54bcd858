import { startedTopologies } from '../pipeline/give/resolve.ts';
import { type Problem, printProblems, printWarnings, shownPath } from '../pipeline/problem.ts';
import { type ReadRequest, readSpec } from '../pipeline/read.ts';
import type { Spec } from '../pipeline/spec.ts';
import { resolveProcess } from './shared/process-settings.ts';

export interface SpecRequest extends ReadRequest {
  /** The topologies that `--topology` names; none: those that start by themselves. */
  readonly topologies?: readonly string[];
  /** Paths below it are shown relative to it. */
  readonly folder: string;
}

/** What a command prints, and its exit code. */
export interface CommandResult {
  readonly text: string;
  readonly exitCode: number;
  /** What is wrong with the pipeline, for `--json`. */
  readonly problems?: readonly Problem[];
}

/** `fdp validate`: everything that is wrong with the pipeline (exit code 2), or what it would start, after warnings. */
export function validate(request: SpecRequest, { json = false }: { readonly json?: boolean } = {}): CommandResult {
  const spec = readSpec(request);
  const { plan, problems } = resolveProcess(spec, request);
  if (json && !plan) return { text: problemsJson(problems), exitCode: 2 };
  const { warnings } = spec.problems;
  if (json) {
    const shown = { valid: true, ...facts(spec, request.topologies), warnings: warnings.map(problemJson) };
    return { text: `${JSON.stringify(shown)}\n`, exitCode: 0 };
  }
  if (!plan) return { text: problemText(problems, request.folder), exitCode: 2 };
  const file = shownPath(spec.path, request.folder);
  const warned = warnings.length === 0 ? '' : `${printWarnings(warnings, request.folder)}\n`;
  return { text: `${warned}${file} is valid: ${summary(spec, request.topologies)}\n`, exitCode: 0 };
}

/** All problems, and how many there are. */
export function problemText(problems: Parameters<typeof printProblems>[0], folder: string): string {
  const count = problems.length === 1 ? '1 problem' : `${problems.length} problems`;
  return `${printProblems(problems, folder)}\n${count}\n`;
}

/** The result of a command whose pipeline is wrong. */
export function wrongPipeline(problems: readonly Problem[], { folder }: Pick<SpecRequest, 'folder'>): CommandResult {
  return { text: problemText(problems, folder), exitCode: 2, problems };
}

/** All problems as JSON, each with its position. */
export function problemsJson(problems: Parameters<typeof printProblems>[0]): string {
  return `${JSON.stringify({ valid: false, problems: problems.map(problemJson) })}\n`;
}

function problemJson({ message, hint, at }: Problem) {
  return {
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(at ? { file: at.file, line: at.line, column: at.column } : {}),
  };
}

function facts(spec: Spec, asked: readonly string[] | undefined) {
  const starts = startedTopologies(spec, asked).map(({ name }) => name);
  const others = [...spec.topologies.keys()].filter((name) => !starts.includes(name));
  return { file: spec.path, profile: spec.profile ?? null, starts, others };
}

function summary(spec: Spec, asked: readonly string[] | undefined): string {
  const { profile, starts, others } = facts(spec, asked);
  const rest = others.length > 0 ? `; ${others.join(', ')} only when named` : '';
  return `${profile ? `profile ${profile}` : 'no profile'}; starts ${starts.join(', ')}${rest}`;
}
