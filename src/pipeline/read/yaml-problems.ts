import type { Document, YAMLError } from 'yaml';
import type { Problems } from '../problem.ts';
import { lineAndColumn, type SourceFile, type SourceRange } from './source.ts';

const maxSyntaxProblems = 20;

/** Errors and warnings of the YAML itself: the first of each line, without consequences of earlier ones. */
export function reportSyntax(
  file: SourceFile,
  document: Pick<Document, 'errors' | 'warnings'>,
  problems: Problems,
): void {
  const lines = new Set<number>();
  let isBroken = false;
  const all = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  for (const error of all) {
    const range = rangeOf(file, error);
    const { line } = lineAndColumn(range);
    const follows = isBroken && / in YAML stream|^Unexpected/.test(error.message);
    if (error.name === 'YAMLParseError') isBroken = true;
    if (follows || lines.has(line)) continue;
    lines.add(line);
    if (lines.size > maxSyntaxProblems) return;
    const line1 = file.text.slice(file.lines[line - 1], file.lines[line]);
    problems.add(range, textOf(error, file), { hint: hintOf(error, line1) });
  }
}

function rangeOf(file: SourceFile, { pos: [start, end], message }: YAMLError): SourceRange {
  const quote = /^Missing closing (['"])/.exec(message)?.[1];
  const opening = quote ? file.text.lastIndexOf(quote, start - 1) : -1;
  if (opening !== -1) return { file, start: opening, end: start };
  const within = Math.min(start, file.text.length);
  return { file, start: within, end: Math.max(within, end) };
}

function textOf(error: YAMLError, file: SourceFile): string {
  if (error.code === 'TAG_RESOLVE_FAILED') return `YAML takes ${file.text.slice(...error.pos)} for a tag, not for text`;
  if (error.code === 'IMPOSSIBLE') return 'YAML: this can not be read here';
  if (error.code === 'MULTIPLE_DOCS') return 'a second document begins here, expected one in a file';
  return `YAML: ${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`;
}

const hints: Partial<Record<YAMLError['code'], string>> = {
  TAG_RESOLVE_FAILED: "text that begins with ! must be quoted: '!...'",
  TAB_AS_INDENT: 'indent with spaces',
  BAD_SCALAR_START: 'quote the text',
  BLOCK_AS_IMPLICIT_KEY: 'text that holds a colon and a space must be quoted',
  IMPOSSIBLE: 'a key must be plain text: quote what begins with [ or {',
  MULTIPLE_DOCS: 'remove the line ---',
  BAD_INDENT: 'lines of one map or list begin in the same column; a list or map in brackets must be closed',
  MULTILINE_IMPLICIT_KEY: 'a colon is missing, or text over several lines must be quoted',
};

function hintOf(error: YAMLError, line: string): string | undefined {
  if (error.code === 'UNEXPECTED_TOKEN' && /[{[,]\s*[^'"{}]*:\s*\$\{/.test(line))
    return `within braces $\{...} must be quoted: "$\{...}"`;
  if (error.code === 'UNEXPECTED_TOKEN' && /:\s*[{[]/.test(line)) return 'text that begins with { or [ must be quoted';
  if (error.code === 'UNEXPECTED_TOKEN' && /'/.test(line)) return "write '' for an apostrophe within '...'";
  return hints[error.code];
}
