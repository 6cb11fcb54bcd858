import { onAbort } from '../../src/kit/clock.ts';
import { Gap } from '../../src/kit/gap.ts';
import type { Proven } from '../../src/kit/proven.ts';
import { type Intake, pushSource } from '../../src/kit/push-source.ts';
import type { QueueOptions } from '../../src/kit/queue.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Source } from '../../src/kit/source.ts';
import { foreignText } from '../../src/kit/text.ts';
import { readFrame } from './frames.ts';
import { Notices } from './notices.ts';
import { type ReconnectOptions, Reconnects } from './reconnects.ts';
import { Session, type SessionEnd } from './session.ts';
import { Subscriptions } from './subscriptions.ts';

export interface FeedOptions {
  readonly name: string;
  readonly url: string;
  readonly token: string;
  readonly symbols: readonly string[];
  readonly maxSymbols: number;
  readonly watchdogMs: number;
  readonly handshakeMs: number;
  readonly reconnect: ReconnectOptions;
  readonly maxFrame: number;
  /** Of this connector, in this process. */
  readonly proven: Proven;
  readonly queue: Pick<QueueOptions, 'maxItems' | 'maxBytes' | 'whenFull'>;
}

/** Pings without a trade for so long: the market is probably closed. */
const idleMs = 120_000;
const readingSize = 1000;
/** What of an error frame is shown, characters. */
const shownError = 200;
const idle = 'idle, market closed?';
const handshake = 'handshake';

/**
 * The source role: one lane with the frames of a session that is opened again whenever it ends. A start does not wait for
 * the first session: the node's state is `connecting` or `retrying`, with the reason. What a person must fix (a key that was
 * refused before one session worked) is an error of `lanes`. Counts `reconnects`, `gaps`, `gap_ms`, `open_gaps`, `dropped_frames`, `error_frames`, `unknown_frames`.
 */
export function finnhubSource(context: RoleContext, options: FeedOptions): Source {
  const { name } = options;
  return pushSource({
    name,
    queue: options.queue,
    batch: readingSize,
    onDropped: (frames) => context.node.count('dropped_frames', frames),
    gap: new Gap({ ...context, name, what: 'trades' }),
    feed: { ...context, away: new Gap({ ...context, name, what: 'trades' }), symbols: options.symbols },
    receive: (intake) => new Feed(context, options, intake).run(),
  });
}

/** The sessions of one subscription, one after the other. */
class Feed {
  readonly #context: RoleContext;
  readonly #options: FeedOptions;
  readonly #intake: Intake;
  readonly #notices: Notices;
  readonly #subscriptions: Subscriptions;
  #session: Session | undefined;
  #sessions = 0;
  #tradeAt = 0;
  #isIdle = false;
  /** What the server last complained of in this session. */
  #complaint: string | undefined;

  constructor(context: RoleContext, options: FeedOptions, intake: Intake) {
    this.#context = context;
    this.#options = options;
    this.#intake = intake;
    this.#notices = new Notices(context);
    const { symbols } = options;
    this.#subscriptions = new Subscriptions({
      ...{ clock: context.clock, symbols, changed: () => this.#show() },
      refused: (symbol, why, since) => intake.missing(symbol, why, since),
      served: (symbol) => intake.served(symbol),
    });
    intake.onPaused((paused) => this.#session?.pause(paused));
  }

  /** @throws what a person must fix */
  async run(): Promise<void> {
    const { clock, chance, node } = this.#context;
    const reconnects = new Reconnects(this.#options.reconnect, chance);
    const { signal } = this.#intake;
    const release = onAbort(signal, () => this.#session?.close());
    this.#warnOfSymbols();
    node.is('connecting');
    try {
      while (!signal.aborted) {
        this.#session = this.#newSession();
        const end = await this.#session.ended;
        const error = this.#options.proven.judge(handshake, end.error);
        if (error.fault === 'fatal') throw error;
        if (signal.aborted) break;
        await clock.sleep(this.#lost({ ...end, error }, reconnects), signal);
      }
    } finally {
      release();
    }
  }

  #warnOfSymbols(): void {
    const { name, symbols, maxSymbols } = this.#options;
    if (symbols.length > maxSymbols)
      this.#context.log.warn(
        { symbols: symbols.length, max_symbols: maxSymbols },
        `${name}: ${symbols.length} symbols are more than the ${maxSymbols} that the plan of the key is known to allow: the server may refuse some`,
      );
  }

  #newSession(): Session {
    const { name, url, token, handshakeMs, watchdogMs, maxFrame } = this.#options;
    return new Session({
      ...{ clock: this.#context.clock, name, url, token, handshakeMs, watchdogMs, maxFrame },
      opened: () => void this.#opened(),
      alive: () => this.#intake.whole(),
      frame: (bytes) => this.#take(bytes),
    });
  }

  /** Says why the session ended, and gives how long to wait before the next. */
  #lost(end: SessionEnd, reconnects: Reconnects): number {
    const { node, clock } = this.#context;
    const { error, openMs } = end;
    const { waitMs, isKeyInUse } = reconnects.after(end);
    if (openMs !== undefined) this.#intake.away(error.message);
    const complaint = this.#complaint === undefined ? '' : `, after "${this.#complaint}"`;
    const guess = isKeyInUse ? ', again within 10 s: key in use elsewhere?' : '';
    node.is('retrying', `${error.message}${complaint}${guess}`, clock.now() + waitMs);
    return waitMs;
  }

  async #opened(): Promise<void> {
    const { clock, node, log } = this.#context;
    const { name, url, symbols, proven } = this.#options;
    const session = this.#session as Session;
    proven.worked(handshake);
    this.#complaint = undefined;
    if (this.#sessions++ > 0) node.count('reconnects');
    else this.#tradeAt = clock.monotonic();
    log.info({ url, symbols: symbols.length }, `${name}: connected to ${url}`);
    this.#show();
    if (this.#intake.paused) session.pause(true);
    await this.#subscriptions.ask(session);
    if (session.over.aborted) return;
    this.#intake.back(this.#subscriptions.settle());
    await this.#subscriptions.keepAsking(session);
  }

  /** While it is connected: what is missing, and whether anything is traded. */
  #show(): void {
    if (this.#session?.over.aborted) return;
    const reasons = [this.#subscriptions.missing, this.#isIdle ? idle : undefined].filter((each) => each !== undefined);
    this.#context.node.is('ok', reasons.length > 0 ? reasons.join('; ') : undefined);
  }

  #take(bytes: Buffer): void {
    const { clock, node } = this.#context;
    const { name } = this.#options;
    const frame = readFrame(bytes, name, clock.now());
    switch (frame.kind) {
      case 'message':
        if (frame.message.problem === undefined) this.#traded(frame.message.value);
        this.#intake.push(frame.message, bytes.length);
        break;
      case 'ping':
        this.#pinged();
        break;
      case 'error':
        this.#errorFrame(frame.text);
        break;
      case 'unknown':
        node.count('unknown_frames');
        this.#notices.write(
          'warn',
          'type',
          frame.type,
          `${name}: frames of the unknown type ${frame.type} are ignored`,
        );
    }
  }

  #traded(value: unknown): void {
    const { clock, log } = this.#context;
    this.#subscriptions.traded((value as { readonly data?: unknown }).data);
    this.#tradeAt = clock.monotonic();
    if (!this.#isIdle) return;
    this.#isIdle = false;
    this.#show();
    log.info({}, `${this.#options.name}: trades again`);
  }

  #pinged(): void {
    const { clock, log } = this.#context;
    if (this.#isIdle || clock.monotonic() - this.#tradeAt < idleMs) return;
    this.#isIdle = true;
    this.#show();
    log.info({}, `${this.#options.name}: pings but no trades for two minutes: ${idle}`);
  }

  /** An error frame of the server is logged as a warning; it never ends the connection. */
  #errorFrame(text: string): void {
    const { name, token } = this.#options;
    const shown = foreignText(text.replaceAll(token, '***'), shownError);
    this.#complaint = shown;
    this.#context.node.count('error_frames');
    this.#notices.write('error', 'error', shown, `${name}: the server says: ${shown}`);
    this.#subscriptions.heard(shown);
  }
}
