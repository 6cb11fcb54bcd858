import { errorText } from '../../src/errors.ts';
import type { Message } from '../../src/kit/message.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Receipt, Sink } from '../../src/kit/sink.ts';
import { Processes } from '../shared/status/processes.ts';
import { asciiFrame } from './ascii.ts';
import { BarFeed } from './bar-feed.ts';
import type { AskBars } from './bar-request.ts';
import { press } from './keys.ts';
import { Market } from './market.ts';
import { render } from './render.ts';
import { RuntimeRates } from './runtime.ts';
import type { Screen, ScreenOptions } from './screen.ts';
import { type Choice, firstChoice, type RuntimeState, type State } from './state.ts';
import { readTrade } from './trade.ts';

interface TerminalOptions {
  readonly maxSymbols: number;
  /** The source of the candles; undefined if there is none. */
  readonly candles?: { readonly ask: AskBars; readonly intervals: readonly string[] } | undefined;
  /** The terminal shows only ASCII. */
  readonly isAscii?: boolean;
  openScreen(listener: Pick<ScreenOptions, 'onKey' | 'onResize' | 'onGone'>): Screen;
  /** Called on Ctrl-C, which a terminal in raw mode does not turn into SIGINT. */
  interrupt(): void;
}

const paintMs = 200;
/** Minimum time between two paints caused by keys, ms. */
const keyMs = 40;
const secondMs = 1000;

/**
 * The sink role with a screen that shows the latest data. A write only updates the state and never waits; messages that
 * can't be read are counted as `skipped_lines` and never fail. Painted on changes: for messages at most five times per
 * second, for a key at once.
 */
export class TerminalSink implements Sink {
  readonly ordered = true;
  readonly #context: RoleContext;
  readonly #options: TerminalOptions;
  readonly #market: Market;
  readonly #rates = new RuntimeRates();
  readonly #processes: Processes;
  readonly #bars: BarFeed | undefined;
  #choice: Choice;
  #screen: Screen | undefined;
  #runtime: RuntimeState = { rows: [], problem: undefined };
  #unreadable = 0;
  #unseen = 0;
  #pausedAt: number | undefined;
  /** Time of the newest trade that is not painted yet, Unix ms. */
  #newest: number | undefined;
  #delayMs: number | undefined;
  #isChanged = true;
  #paintedAt = Number.NEGATIVE_INFINITY;
  #cancelPaint: (() => void) | undefined;
  #cancelSecond: (() => void) | undefined;

  constructor(context: RoleContext, options: TerminalOptions) {
    this.#context = context;
    this.#options = options;
    this.#market = new Market(options.maxSymbols);
    this.#processes = new Processes(context);
    this.#choice = { ...firstChoice, interval: options.candles?.intervals[0] };
    const onChange = () => {
      this.#isChanged = true;
    };
    this.#bars = options.candles && new BarFeed({ ...options.candles, clock: context.clock, onChange });
  }

  /** Takes over the terminal. */
  async connect(): Promise<void> {
    if (this.#screen) return;
    this.#screen = this.#options.openScreen({
      onKey: (key) => this.#onKey(key),
      onResize: () => this.#paintWithin(0),
      onGone: () => this.#context.platform?.stop(),
    });
    this.#second();
    this.#paintWithin(0);
  }

  async write(messages: readonly Message[]): Promise<Receipt> {
    const { clock, node } = this.#context;
    const now = clock.now();
    for (const { value } of messages) {
      const trade = readTrade(value);
      if (!trade) {
        this.#unreadable++;
        node.count('skipped_lines');
      } else if (this.#choice.isPaused) this.#unseen++;
      else {
        this.#market.take(trade, now);
        this.#bars?.take(trade, now);
        this.#newest = trade.time;
      }
    }
    this.#isChanged = true;
    return {};
  }

  async close(): Promise<void> {
    this.#cancelPaint?.();
    this.#cancelSecond?.();
    this.#bars?.pause();
    this.#screen?.close();
    this.#screen = undefined;
  }

  // ---- time -----------------------------------------------------------------------------------------------------

  #second(): void {
    if (this.#pausedAt === undefined) this.#market.tick(this.#context.clock.now());
    this.#isChanged = true;
    if (this.#choice.screen === 'runtime' && this.#pausedAt === undefined) void this.#askProcesses();
    this.#cancelSecond = this.#context.clock.timer(secondMs, () => this.#second());
  }

  /** Paints after at most `ms`, and from then on whenever something has changed. */
  #paintWithin(ms: number): void {
    this.#cancelPaint?.();
    this.#cancelPaint = this.#context.clock.timer(ms, () => {
      if (this.#isChanged || ms < paintMs) this.#paint();
      this.#paintWithin(paintMs);
    });
  }

  #paint(): void {
    const screen = this.#screen;
    if (!screen) return;
    this.#isChanged = false;
    this.#paintedAt = this.#context.clock.monotonic();
    if (this.#newest !== undefined) this.#delayMs = this.#context.clock.now() - this.#newest;
    this.#newest = undefined;
    const frame = render(this.#state(), screen.width, screen.height);
    if (this.#choice.isPaused) this.#bars?.pause();
    else this.#bars?.want(frame.wants);
    screen.paint(this.#options.isAscii ? asciiFrame(frame) : frame);
  }

  #state(): State {
    const { clock, platform, topology } = this.#context;
    return {
      now: this.#pausedAt ?? clock.now(),
      ...{
        choice: this.#choice,
        market: this.#market,
        bars: this.#bars?.shown,
        process: platform?.snapshot(),
        topology,
      },
      ...{ delayMs: this.#delayMs, unreadable: this.#unreadable, unseen: this.#unseen },
      ...{
        runtime: this.#runtime,
        logFile: platform?.logFile,
        replay: platform?.replay?.state(),
        intervals: this.#options.candles?.intervals ?? [],
      },
    };
  }

  // ---- keys -----------------------------------------------------------------------------------------------------

  #onKey(key: string): void {
    const { platform, clock } = this.#context;
    if (key === 'C-c') this.#options.interrupt();
    else if (key === 'C-l') this.#screen?.repaint();
    else if (key === 'q' && !this.#choice.isTyping) platform?.stop();
    else if (this.#isForTape(key)) this.#isChanged = true;
    else this.#choose(press(this.#state(), key, this.#screen?.height ?? 0));
    this.#paintWithin(Math.max(0, this.#paintedAt + keyMs - clock.monotonic()));
  }

  /** Space pauses a tape that is played, the right arrow plays one message, and the left one takes one back. */
  #isForTape(key: string): boolean {
    const replay = this.#context.platform?.replay;
    if (!replay || this.#choice.isTyping) return false;
    if (key === 'space') replay.pause(!replay.state().isPaused);
    else if (key === 'right') replay.step();
    else if (key === 'left') replay.stepBack();
    else return false;
    return true;
  }

  #choose(choice: Choice): void {
    const { clock } = this.#context;
    const before = this.#choice;
    this.#choice = choice;
    if (choice.isPaused !== before.isPaused) {
      this.#pausedAt = choice.isPaused ? clock.now() : undefined;
      this.#unseen = 0;
    }
    if (choice.screen === 'runtime' && before.screen !== 'runtime') void this.#askProcesses();
  }

  // ---- all processes --------------------------------------------------------------------------------------------

  async #askProcesses(): Promise<void> {
    const { reports, problem } = await this.#processes.ask();
    // While the table may still answer, the previous rows are better than those of one process.
    if (problem?.kind === 'busy') return;
    const why = problem?.cause === undefined ? problem?.text : `${problem.text}: ${errorText(problem.cause)}`;
    this.#runtime = { rows: this.#rates.rows(reports, this.#context.clock.now()), problem: why };
    this.#isChanged = true;
  }
}
