import { statSync } from 'node:fs';

/** A text that changes when the file does, or appears, disappears or can't be reached. */
export function fileVersion(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino} ${size} ${mtimeMs}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
