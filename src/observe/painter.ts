import type { LogDestination } from './log.ts';
import { statusColour } from './status-line.ts';
import { truncate, widthOf } from './terminal-text.ts';

const codes = {
  hideCursor: '\u001b[?25l',
  showCursor: '\u001b[?25h',
  eraseBelow: '\u001b[0J',
  reset: '\u001b[0m',
  green: '\u001b[32m',
  yellow: '\u001b[33m',
  red: '\u001b[31m',
} as const;

/** The parts of `process.stderr` that the painter needs. */
interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string): unknown;
  on?(event: 'error', listener: () => void): unknown;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Keeps a few lines at the bottom of a terminal and lets the log run above them. */
export interface Painter extends LogDestination {
  /** False if the stream is not a terminal: `paint` does nothing then, and `write` passes through. */
  readonly isActive: boolean;
  /** Columns that a line may have. */
  readonly width: number;
  /** Replaces the painted lines. Longer lines are truncated; lines that the terminal has no room for are left out. */
  paint(lines: readonly string[]): void;
  /** Writes log lines above the painted ones; a missing line end is added. */
  write(text: string): void;
  /** Leaves the last lines on the screen and shows the cursor again; idempotent. Then `write` passes through. */
  end(): void;
}

/**
 * A painter for a stream; each change is a single write, so that nothing flickers. `NO_COLOR` in the environment means
 * no colours, `TERM=dumb` no painting. A stream that was closed by its reader is ignored.
 */
export function createPainter(stream: TerminalStream, environment: Environment): Painter {
  const isActive = stream.isTTY === true && environment['TERM'] !== 'dumb';
  const isColoured = !environment['NO_COLOR'];
  stream.on?.('error', () => {});
  let painted: readonly string[] = [];
  let state: 'unused' | 'painting' | 'ended' = 'unused';

  const columns = () => Math.max(2, stream.columns ?? 80);
  /** Moves to the first painted line; a terminal that became narrower has wrapped lines. */
  const erase = () => {
    const rows = painted.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns())), 0);
    return rows === 0 ? '' : `\u001b[${rows}A\r${codes.eraseBelow}`;
  };
  const redraw = (above: string, lines: readonly string[]) => {
    const before = erase() + above;
    painted = fitting(lines, columns() - 1, stream.rows ?? 24);
    stream.write(before + painted.map((line) => `${coloured(line, isColoured)}\n`).join(''));
  };

  return {
    isActive,
    get width() {
      return columns() - 1;
    },
    paint: (lines) => {
      if (!isActive || state === 'ended') return;
      redraw(state === 'unused' ? codes.hideCursor : '', lines);
      state = 'painting';
    },
    write: (text) => {
      if (state === 'painting') redraw(text.endsWith('\n') ? text : `${text}\n`, painted);
      else stream.write(text);
    },
    end: () => {
      if (state === 'painting') stream.write(codes.showCursor);
      state = 'ended';
    },
  };
}

/** The lines that fit on the terminal, with one row free for the log. */
function fitting(lines: readonly string[], width: number, rows: number): readonly string[] {
  const room = Math.max(1, rows - 2);
  const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more`];
  return shown.map((line) => truncate(line, width));
}

/** The symbol in front of a status line, in colour. */
function coloured(line: string, isColoured: boolean): string {
  const colour = isColoured ? statusColour(line) : undefined;
  return colour ? `${codes[colour]}${line.slice(0, 1)}${codes.reset}${line.slice(1)}` : line;
}
