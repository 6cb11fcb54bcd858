import { isAbsolute, relative } from 'node:path';
import { ShownTexts } from './read/shown-text.ts';
import { type Position, positionOf, type SourceRange } from './read/source.ts';

/** A mistake in the pipeline, for its author. */
export interface Problem {
  /** One line: `NAME: what is wrong, what was expected`. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Left out for mistakes outside of files: a flag, a profile, a missing pipeline. */
  readonly at?: Position;
}

interface ProblemDetails {
  /** What the mistake is about: a connector, an operator, a topology. */
  readonly subject?: string;
  /** A function is called only if the problem is kept, since finding the nearest word costs time. */
  readonly hint?: string | (() => string | undefined) | undefined;
}

interface Reported {
  readonly range: SourceRange | undefined;
  readonly text: string;
  readonly details: ProblemDetails;
}

/** The most problems kept of one pipeline; the rest is counted. */
const maxProblems = 200;

interface Kept {
  readonly message: string;
  readonly hint: string | undefined;
  readonly range: SourceRange | undefined;
  readonly order: number;
  readonly start: number;
}

/**
 * Collects the mistakes of a pipeline, each once: a mistake in an anchor that is used five times is one mistake.
 * Keeps at most 200. Beside them, what is no mistake but probably not meant: warnings.
 */
export class Problems {
  readonly #kept: Kept[];
  readonly #warnings: Kept[];
  readonly #seen: Set<string>;
  readonly #hidden: SourceRange[];
  #more = 0;

  constructor(from?: Problems) {
    this.#kept = [...(from ? from.#kept : [])];
    this.#warnings = [...(from ? from.#warnings : [])];
    this.#seen = new Set(from ? from.#seen : []);
    this.#hidden = [...(from ? from.#hidden : [])];
    this.#more = from ? from.#more : 0;
  }

  add(range: SourceRange | undefined, text: string, details: ProblemDetails = {}): void {
    if (this.#keep(this.#kept, { range, text, details }) === 'full') this.#more++;
  }

  /** Reports what prevents no start: it is no problem. Of more than 200, the first. */
  warn(range: SourceRange | undefined, text: string, details: ProblemDetails = {}): void {
    this.#keep(this.#warnings, { range, text, details });
  }

  #keep(list: Kept[], { range, text, details }: Reported): 'full' | 'kept' | 'known' {
    const order = range?.file.order ?? -1;
    const start = range?.start ?? -1;
    const identity = `${order}:${start}:${text}`;
    if (this.#seen.has(identity)) return 'known';
    if (list.length >= maxProblems) return 'full';
    this.#seen.add(identity);
    const hint = typeof details.hint === 'function' ? details.hint() : details.hint;
    const message = details.subject ? `${details.subject}: ${text}` : text;
    list.push({ message, hint, range, order, start });
    return 'kept';
  }

  /** Marks a range as secret: no excerpt shows it. */
  hide(range: SourceRange): void {
    this.#hidden.push(range);
  }

  get size(): number {
    return this.#kept.length + this.#more;
  }

  /** In reading order: those without a position first, then file by file. */
  get list(): readonly Problem[] {
    const sorted = this.#shown(this.#kept);
    return this.#more > 0 ? [...sorted, { message: `and ${this.#more} further problems` }] : sorted;
  }

  /** The warnings, in reading order. */
  get warnings(): readonly Problem[] {
    return this.#shown(this.#warnings);
  }

  #shown(list: readonly Kept[]): readonly Problem[] {
    const texts = new ShownTexts(this.#hidden);
    const inOrder = [...list].sort((a, b) => a.order - b.order || a.start - b.start);
    return inOrder.map(({ message, hint, range }) => {
      const harmless = (text: string) => oneLine(range ? texts.without(text, range) : text);
      return {
        message: harmless(message),
        ...(hint ? { hint: harmless(hint) } : {}),
        ...(range ? { at: positionOf(range, texts.of(range.file)) } : {}),
      };
    });
  }
}

/** All problems as text: `file:line:column: message`, the line with a caret below the value, the hint. */
export function printProblems(problems: readonly Problem[], folder: string): string {
  return problems.map((problem) => printProblem(problem, folder)).join('\n');
}

/** Warnings as text, as problems are printed, each marked. */
export function printWarnings(warnings: readonly Problem[], folder: string): string {
  return printProblems(
    warnings.map((warning) => ({ ...warning, message: `warning: ${warning.message}` })),
    folder,
  );
}

/** A warning as a line of the log. */
export function warningLine({ message, hint, at }: Problem, folder: string): string {
  const where = at ? `${shownPath(at.file, folder)}:${at.line}:${at.column}: ` : '';
  return `${where}${message}${hint === undefined ? '' : `: ${hint}`}`;
}

function printProblem({ message, hint, at }: Problem, folder: string): string {
  const lines: string[] = [];
  if (at) {
    const { excerpt, underline, line, column } = at;
    const padding = excerpt.slice(0, underline.from).replace(/[^\t]/g, ' ');
    lines.push(`${shownPath(at.file, folder)}:${line}:${column}: ${message}`);
    if (excerpt.trim() !== '') lines.push(`  ${excerpt}`, `  ${padding}${'^'.repeat(underline.length)}`);
  } else lines.push(message);
  if (hint) lines.push(`  ${hint}`);
  return `${lines.join('\n')}\n`;
}

/** A path for people: relative to `folder` if it is below it. */
export function shownPath(path: string, folder: string): string {
  const below = relative(folder, path);
  return below === '' || below.startsWith('..') || isAbsolute(below) ? path : below;
}

function oneLine(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > 400 ? `${line.slice(0, 400)}...` : line;
}
