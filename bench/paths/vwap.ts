import { RollingVwap } from '../../operators/support/rolling-vwap.ts';
import type { Path } from '../path.ts';
import { inTurns, type Row, type Sample } from '../turns.ts';

/** The window alone, beside a ring buffer with running sums (which one spike makes wrong permanently). */
export const vwap: Path = {
  name: 'vwap',
  async measure(bench) {
    const ticks = bench.sized({ quick: 2_000_000, normal: 10_000_000, full: 50_000_000 });
    const rows: Row[] = [];
    for (const window of [50, 1000, 100_000]) {
      const ours = { run: async () => timed(ticks, new RollingVwap(window)) };
      const theirs = { run: async () => timed(ticks, new PlainVwap(window)) };
      await ours.run();
      await theirs.run();
      const sides = await inTurns(ours, theirs, bench.rounds);
      rows.push({ path: 'vwap', work: `window ${window}`, unit: 'ticks/s', beside: 'plain running sums', ...sides });
    }
    return rows;
  },
};

interface Window {
  add(price: number, volume: number): number | null;
}

class PlainVwap implements Window {
  readonly #prices: Float64Array;
  readonly #volumes: Float64Array;
  #index = 0;
  #paid = 0;
  #traded = 0;

  constructor(window: number) {
    this.#prices = new Float64Array(window);
    this.#volumes = new Float64Array(window);
  }

  add(price: number, volume: number): number | null {
    const at = this.#index;
    this.#paid += price * volume - (this.#prices[at] ?? 0) * (this.#volumes[at] ?? 0);
    this.#traded += volume - (this.#volumes[at] ?? 0);
    this.#prices[at] = price;
    this.#volumes[at] = volume;
    this.#index = at + 1 === this.#prices.length ? 0 : at + 1;
    return this.#traded === 0 ? null : this.#paid / this.#traded;
  }
}

function timed(ticks: number, window: Window): Sample {
  const [since, cpu] = [performance.now(), process.cpuUsage()];
  let sum = 0;
  for (let tick = 0; tick < ticks; tick++) sum += window.add(100 + (tick % 977) / 100, 1 + (tick % 400)) ?? 0;
  const { user, system } = process.cpuUsage(cpu);
  if (!(sum > 0)) throw new Error('no VWAP');
  return { rate: (ticks / (performance.now() - since)) * 1000, cpuUs: (user + system) / ticks };
}
