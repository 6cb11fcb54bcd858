import { readFileSync, statSync } from 'node:fs';
import { errorText } from '../../errors.ts';

const maxFileBytes = 1024 * 1024;

interface Refusal {
  readonly refusal: string;
  /** There is no such file, or it can't be opened: its path may be wrong. */
  readonly isUnreachable?: true;
}

/** The text of a file, or why it can't be read. */
export function readTextFile(path: string): { readonly text: string } | Refusal {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) return { refusal: 'this is not a file' };
    if (stats.size > maxFileBytes) return { refusal: 'the file is larger than 1 MiB' };
    return { text: new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)) };
  } catch (error) {
    if (error instanceof TypeError) return { refusal: 'the file is not UTF-8 text' };
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return { refusal: isMissing ? 'there is no such file' : errorText(error), isUnreachable: true };
  }
}
