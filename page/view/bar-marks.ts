import type {
  IPrimitivePaneView,
  ISeriesPrimitive,
  SeriesAttachedParameter,
  Time,
} from '/assets/lightweight-charts.js';
import { isLacking } from '../../src/kit/bar.ts';
import type { Slot } from '../model/slots.ts';
import { colour } from './theme.ts';

type Target = Parameters<NonNullable<ReturnType<IPrimitivePaneView['renderer']>>['draw']>[0];
type Coordinates = Parameters<Parameters<Target['useMediaCoordinateSpace']>[0]>[0];

/** A visible slot with its middle and its width, px. */
interface Place {
  readonly slot: Slot;
  readonly x: number;
  readonly width: number;
}

/** Half of a mark's size, and the distance between a mark and its bar, px. */
const half = 4;
const distance = 9;
/** Distance between the lines of a hatching, px. */
const hatch = 6;

/**
 * Marks on the candles: time outside of the regular session is shaded; incomplete bars are hatched, with a triangle
 * below; corrected bars have a diamond above; time that is left out is a dashed line.
 */
export class BarMarks implements ISeriesPrimitive<Time> {
  #attached: SeriesAttachedParameter<Time> | undefined;
  #slots: readonly Slot[] = [];
  #isShaded: (slot: Slot) => boolean = () => false;
  readonly #views: readonly IPrimitivePaneView[];

  /** `hasSigns`: with diamonds and triangles, not only the background. */
  constructor(hasSigns: boolean) {
    const ground = view('bottom', (space) => this.#drawGround(space));
    this.#views = hasSigns ? [ground, view('top', (space) => this.#drawSigns(space))] : [ground];
  }

  attached(parameter: SeriesAttachedParameter<Time>): void {
    this.#attached = parameter;
  }

  detached(): void {
    this.#attached = undefined;
  }

  paneViews(): readonly IPrimitivePaneView[] {
    return this.#views;
  }

  /** Shows the marks of these slots, which must be all slots of the chart. */
  show(slots: readonly Slot[], isShaded: (slot: Slot) => boolean): void {
    this.#slots = slots;
    this.#isShaded = isShaded;
    this.#attached?.requestUpdate();
  }

  #drawGround({ context, mediaSize: { height } }: Coordinates): void {
    const ink = { shade: colour('--shade'), hatch: colour('--wait'), line: colour('--edge') };
    for (const { slot, x, width } of this.#places()) {
      const left = x - width / 2;
      if (this.#isShaded(slot)) {
        context.fillStyle = ink.shade;
        context.fillRect(left, 0, width, height);
      }
      if (slot.without === 'gap' || (slot.bar && isLacking(slot.bar)))
        hatched(context, { left, width, height }, ink.hatch);
      if (slot.without === 'break') dashed(context, x, height, ink.line);
    }
  }

  #drawSigns({ context, mediaSize: { height } }: Coordinates): void {
    const series = this.#attached?.series;
    const ink = { corrected: colour('--vwap'), incomplete: colour('--wait'), ground: colour('--card') };
    for (const {
      slot: { bar },
      x,
    } of this.#places()) {
      if (!bar || !series) continue;
      const [high, low] = [series.priceToCoordinate(bar.high), series.priceToCoordinate(bar.low)];
      if (high === null || low === null) continue;
      if (bar.lateTrades > 0) diamond(context, x, Math.max(half, high - distance), ink.corrected);
      if (isLacking(bar)) triangle(context, { x, y: Math.min(height - half, low + distance) }, ink);
    }
  }

  #places(): readonly Place[] {
    const scale = this.#attached?.chart.timeScale();
    const range = scale?.getVisibleLogicalRange();
    if (!scale || !range) return [];
    const first = Math.max(0, Math.floor(range.from));
    const last = Math.min(this.#slots.length - 1, Math.ceil(range.to));
    const { barSpacing } = scale.options();
    return this.#slots.slice(first, last + 1).flatMap((slot, place) => {
      const x = scale.logicalToCoordinate((first + place) as never);
      return x === null ? [] : [{ slot, x, width: barSpacing }];
    });
  }
}

function view(zOrder: 'bottom' | 'top', draw: (space: Coordinates) => void): IPrimitivePaneView {
  return {
    zOrder: () => zOrder,
    renderer: () => ({ draw: (target) => target.useMediaCoordinateSpace((space) => draw(space)) }),
  };
}

type Context = CanvasRenderingContext2D;

function hatched(
  context: Context,
  { left, width, height }: { readonly left: number; readonly width: number; readonly height: number },
  ink: string,
): void {
  context.save();
  context.beginPath();
  context.rect(left, 0, width, height);
  context.clip();
  context.strokeStyle = ink;
  context.globalAlpha = 0.45;
  context.lineWidth = 1;
  context.beginPath();
  // The lines of adjacent bars meet: all are aligned with the left edge of the chart.
  for (let at = Math.floor(left / hatch) * hatch - height; at < left + width; at += hatch) {
    context.moveTo(at, height);
    context.lineTo(at + height, 0);
  }
  context.stroke();
  context.restore();
}

function dashed(context: Context, x: number, height: number, ink: string): void {
  context.save();
  context.strokeStyle = ink;
  context.setLineDash([3, 4]);
  context.beginPath();
  context.moveTo(x, 0);
  context.lineTo(x, height);
  context.stroke();
  context.restore();
}

function diamond(context: Context, x: number, y: number, ink: string): void {
  context.fillStyle = ink;
  context.beginPath();
  context.moveTo(x, y - half);
  context.lineTo(x + half, y);
  context.lineTo(x, y + half);
  context.lineTo(x - half, y);
  context.closePath();
  context.fill();
}

function triangle(
  context: Context,
  { x, y }: { readonly x: number; readonly y: number },
  { incomplete, ground }: { readonly incomplete: string; readonly ground: string },
): void {
  context.fillStyle = ground;
  context.strokeStyle = incomplete;
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, y - half);
  context.lineTo(x + half, y + half);
  context.lineTo(x - half, y + half);
  context.closePath();
  context.fill();
  context.stroke();
}
