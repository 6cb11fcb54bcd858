import { PassThrough } from 'node:stream';
import blessed from 'blessed';
import { describe, expect, it } from 'vitest';
import { canvasFor } from '../../../connectors/terminal/screen.ts';

/** A terminal that discards its output. */
function terminal(columns: number, rows: number) {
  const output = Object.assign(new PassThrough(), { columns, rows, isTTY: true });
  output.resume();
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => input });
  return blessed.screen({ input, output, terminal: 'xterm-256color', forceUnicode: true, fullUnicode: false });
}

describe('the canvas of a chart', () => {
  it.each([
    [40, 6],
    [28, 17],
    [90, 40],
  ])('of %i by %i cells has no extra row, whatever is drawn', (width, height) => {
    const screen = terminal(120, 50);
    const canvas = canvasFor({ left: 0, top: 0, width, height });
    screen.append(canvas);
    for (const colour of ['yellow', 'cyan']) {
      canvas.ctx.strokeStyle = colour;
      canvas.ctx.beginPath();
      for (let x = 0; x < 2 * width; x++) {
        const y = Math.round((2 * height - 1) * (1 + Math.sin(x / 9 + (colour === 'cyan' ? 1 : 0))));
        if (x === 0) canvas.ctx.moveTo(x, y);
        canvas.ctx.lineTo(x, y);
      }
      canvas.ctx.stroke();
    }
    screen.render();
    const rows = canvas.getScreenLines().map((row) => row.trimEnd());
    // The drawing ends with a line feed.
    expect(rows.slice(height).join('')).toBe('');
    expect(rows.slice(0, height).every((row) => /[\u2801-\u28ff]/.test(row))).toBe(true);
    screen.destroy();
  });
});
