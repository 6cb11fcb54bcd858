import { createRequire } from 'node:module';
import blessed, { type Widgets } from 'blessed';
import type { Curve, Plot } from './chart.ts';
import type { Colour, Line, Style } from './lines.ts';
import type { Frame } from './render.ts';

/** Options of a screen, and its callbacks. */
export interface ScreenOptions {
  /** False: no colours. */
  readonly isColoured: boolean;
  /** The `TERM` of the environment. */
  readonly terminal: string | undefined;
  onKey(key: string): void;
  onResize(): void;
  /** The terminal was lost: its window was closed or its connection broke. */
  onGone(): void;
}

/** The whole terminal: alternate screen, no cursor, raw keyboard input. */
export interface Screen {
  readonly width: number;
  readonly height: number;
  /** Shows a frame of this size; only cells that changed are written. */
  paint(frame: Frame): void;
  /** Repaints everything, in case something else has written to the terminal. */
  repaint(): void;
  /** Gives the terminal back as it was; idempotent. */
  close(): void;
}

/** The part of blessed-contrib's canvas that is used; its module has no types. */
interface CanvasElement extends Widgets.BoxElement {
  canvasSize: { width: number; height: number };
  calcSize(): void;
  readonly ctx: {
    strokeStyle: string;
    clearRect(x: number, y: number, width: number, height: number): void;
    beginPath(): void;
    moveTo(x: number, y: number): void;
    lineTo(x: number, y: number): void;
    stroke(): void;
  };
}
type CanvasClass = new (options: Widgets.BoxOptions) => CanvasElement;

const require = createRequire(import.meta.url);
// Importing the package by its name would load all of its widgets, maps and markdown among them.
const Canvas = require('blessed-contrib/lib/widget/canvas.js') as CanvasClass;

/** Terminals that do not understand the sequences of xterm; all others are treated as xterm. */
const ownKind = /^(linux|vt\d+|cons25|ansi)/;

/** Takes over the terminal. However the process ends from now on, a crash included, the terminal is restored first. */
export function openScreen({ isColoured, terminal, onKey, onResize, onGone }: ScreenOptions): Screen {
  const screen = blessed.screen({
    terminal: terminal && ownKind.test(terminal) ? terminal : 'xterm-256color',
    title: 'fdp',
    // Every character drawn is one column wide, so Unicode is safe in any locale.
    fullUnicode: false,
    forceUnicode: true,
    smartCSR: false,
    resizeTimeout: 50,
    warnings: false,
  });
  // Some terminals show the line-drawing characters of the alternate character set as letters.
  Object.assign(screen.tput, { brokenACS: true });
  const box = blessed.box({ top: 0, left: 0, width: '100%', height: '100%', tags: false, wrap: false });
  screen.append(box);
  screen.on('keypress', (character: string | undefined, key: { readonly full?: string }) => {
    const name = key.full ?? character ?? '';
    // blessed emits both `return` and `enter` for one key press.
    if (name !== 'return')
      onKey(character !== undefined && /^[\x21-\x7e\u00a1-\uffff]$/.test(character) ? character : name);
  });
  screen.on('resize', onResize);
  const letGo = watchTerminal(onGone);
  const plots = new Plots(screen, isColoured);
  let isOpen = true;
  return {
    get width() {
      return Number(screen.width);
    },
    get height() {
      return Number(screen.height);
    },
    paint: (frame) => {
      if (!isOpen) return;
      box.setContent(frame.lines.map((line) => encoded(line, isColoured)).join('\n'));
      plots.show(frame.plots);
      screen.render();
    },
    repaint: () => {
      if (isOpen) screen.realloc();
    },
    close: () => {
      if (!isOpen) return;
      isOpen = false;
      screen.destroy();
      letGo();
    },
  };
}

/** Reports when the terminal is lost; writing to a lost terminal does not end the process. */
function watchTerminal(onGone: () => void): () => void {
  const { stdin, stdout } = process;
  process.on('SIGHUP', onGone);
  stdin.on('error', onGone);
  stdout.on('error', onGone);
  if (stdin.isTTY) stdin.on('end', onGone);
  return () => {
    process.off('SIGHUP', onGone);
    // The streams may still emit errors.
    stdin.off('error', onGone).on('error', () => {});
    stdout.off('error', onGone).on('error', () => {});
    stdin.off('end', onGone);
  };
}

/** The canvases over the text; a canvas is created again when its position or size changes. */
class Plots {
  readonly #screen: Widgets.Screen;
  readonly #isColoured: boolean;
  #shown: { readonly key: string; readonly canvas: CanvasElement; readonly plot: Plot }[] = [];

  constructor(screen: Widgets.Screen, isColoured: boolean) {
    this.#screen = screen;
    this.#isColoured = isColoured;
  }

  show(plots: readonly Plot[]): void {
    const before = this.#shown;
    this.#shown = plots.map((plot) => {
      const key = `${plot.left} ${plot.top} ${plot.width} ${plot.height}`;
      return { key, plot, canvas: before.find((each) => each.key === key)?.canvas ?? this.#make(plot) };
    });
    for (const { canvas } of before) if (!this.#shown.some((each) => each.canvas === canvas)) canvas.destroy();
    for (const { canvas, plot } of this.#shown) this.#draw(canvas, plot);
  }

  #make(plot: Plot): CanvasElement {
    const canvas = canvasFor(plot);
    this.#screen.append(canvas);
    return canvas;
  }

  #draw({ ctx }: CanvasElement, { width, height, curves }: Plot): void {
    ctx.clearRect(0, 0, width * 2, height * 4);
    for (const curve of curves) {
      ctx.strokeStyle = this.#isColoured ? (curve.colour ?? 'normal') : 'normal';
      ctx.beginPath();
      trace(ctx, curve);
      ctx.stroke();
    }
  }
}

/** A canvas of two by four dots per cell: the library's own is smaller, and curves that reach its edge break. */
export function canvasFor({
  left,
  top,
  width,
  height,
}: Pick<Plot, 'left' | 'top' | 'width' | 'height'>): CanvasElement {
  const canvas = new Canvas({ left, top, width, height, wrap: false });
  canvas.calcSize = () => {
    canvas.canvasSize = { width: width * 2, height: height * 4 };
  };
  return canvas;
}

function trace(ctx: CanvasElement['ctx'], { dots }: Curve): void {
  dots.forEach((y, x) => {
    if (y === undefined) return;
    if (dots[x - 1] === undefined) ctx.moveTo(x, y);
    ctx.lineTo(x, y);
  });
}

// ---- styles -----------------------------------------------------------------------------------------------------

const codes: Readonly<Record<Colour, string>> = { red: '31', green: '32', yellow: '33', cyan: '36', grey: '90' };

function encoded(line: Line, isColoured: boolean): string {
  return line.map(({ text, style }) => styled(text, style, isColoured)).join('');
}

function styled(text: string, { colour, bold }: Style, isColoured: boolean): string {
  const set = [...(bold ? ['1'] : []), ...(colour && isColoured ? [codes[colour]] : [])];
  return set.length === 0 ? text : `\u001b[${set.join(';')}m${text}\u001b[m`;
}
