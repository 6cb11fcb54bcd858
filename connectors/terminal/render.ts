import type { WantedBars } from './bar-feed.ts';
import type { Plot } from './chart.ts';
import { headerLines } from './header.ts';
import { helpLine, helpLines } from './help.ts';
import { fitHeight, fitLine, type Line, rule } from './lines.ts';
import { type Body, pricesBody } from './prices.ts';
import { runtimeBody } from './runtime-screen.ts';
import type { State } from './state.ts';

/** A whole screen: exactly `height` lines of exactly `width` columns, and the plots drawn over them. */
export interface Frame {
  readonly lines: readonly Line[];
  readonly plots: readonly Plot[];
  /** The bars that the chart needs. */
  readonly wants?: WantedBars | undefined;
}

/** Lines of the screen around its body: header, rule and help. */
export const around = 4;

/** Renders the screen. Depends only on the state, the size and the machine's time zone. */
export function render(state: State, width: number, height: number): Frame {
  const room = Math.max(0, height - around);
  const body = bodyOf(state, { width, height: room });
  const top = around - 1;
  const lines = [...headerLines(state, width), rule(width), ...fitHeight(body.lines, room), helpLine(state, width)];
  return {
    lines: fitHeight(lines, height).map((line) => fitLine(line, Math.max(0, width))),
    plots: body.plots.map((plot) => ({ ...plot, top: plot.top + top })),
    wants: body.wants,
  };
}

function bodyOf(state: State, size: { readonly width: number; readonly height: number }): Body {
  if (state.choice.isHelpShown) return { lines: helpLines(state), plots: [] };
  return state.choice.screen === 'prices' ? pricesBody(state, size) : runtimeBody(state, size);
}
