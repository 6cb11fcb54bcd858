import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A block of code in a document. */
export interface Block {
  readonly file: string;
  /** The heading above it, without `#`. */
  readonly heading: string;
  /** From the comment above it, `<!-- example: NAME -->`; otherwise empty. */
  readonly name: string;
  /** The text after the opening fence: `yaml`, `sh`, `text`; empty if there is none, and for an indented block. */
  readonly language: string;
  readonly text: string;
  /** The line number of its first line of code, from 1. */
  readonly line: number;
  readonly isIndented: boolean;
}

/** README.md and every page of docs/, except the decisions, which quote the past. */
export function documents(): readonly string[] {
  const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('decisions'))
    .map((name) => join('docs', name));
  return ['README.md', 'CONTRIBUTING.md', ...pages].sort();
}

/** The blocks of a document, in order. */
export function blocksOf(file: string): readonly Block[] {
  const blocks: Block[] = [];
  let heading = '';
  let open: { language: string; name: string; from: number; lines: string[] } | undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  for (const [at, line] of lines.entries()) {
    const fence = /^```(\w*)\s*$/.exec(line);
    if (open && fence) {
      const { language, name, from, lines: code } = open;
      blocks.push({ file, heading, name, language, text: `${code.join('\n')}\n`, line: from, isIndented: false });
      open = undefined;
    } else if (open) open.lines.push(line);
    else if (fence)
      open = {
        language: fence[1] ?? '',
        name: /^<!-- \w+: (.*) -->$/.exec(lines[at - 1] ?? '')?.[1] ?? '',
        from: at + 2,
        lines: [],
      };
    else if (/^#+ /.test(line)) heading = line.replace(/^#+ /, '');
    else if (/^ {4}\S/.test(line) && lines[at - 1] === '' && !/^(\s*[-*\d])|^ {2,3}\S/.test(lines[at - 2] ?? ''))
      blocks.push({ file, heading, name: '', language: '', text: line, line: at + 1, isIndented: true });
  }
  return blocks;
}

/** The block of a document with this name. */
export function blockNamed(file: string, name: string): Block {
  const found = blocksOf(file).find((block) => block.name === name);
  if (!found) throw new Error(`${file} has no block "${name}"`);
  return found;
}
