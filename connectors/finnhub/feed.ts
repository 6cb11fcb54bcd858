import { Observable, type Subscriber } from 'rxjs';
import type { FdpError } from '../../src/errors.ts';
import { linkedAbort } from '../../src/kit/clock.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import type { Proven } from '../../src/kit/proven.ts';
import { BoundedQueue, type QueueOptions } from '../../src/kit/queue.ts';
import type { RoleContext } from '../../src/kit/role.ts';
import type { Lane, Reading, Source } from '../../src/kit/source.ts';
import { foreignText } from '../../src/kit/text.ts';
import { readFrame } from './frames.ts';
import { Gap } from './gaps.ts';
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
 * The source role: one lane with the frames of a session that is made again whenever it ends. Nobody waits for the
 * first one: the node says `connecting`, `retrying` and why. What a person must cure (a key that was refused before one session worked) is
 * an error of `lanes`. Counts `reconnects`, `gaps`, `gap_ms`, `dropped_frames`, `error_frames`, `unknown_frames`.
 */
export class FinnhubFeed implements Source {
  readonly replayable = false;
  readonly lanes: Observable<Lane>;
  readonly #context: RoleContext;
  readonly #options: FeedOptions;
  readonly #queue: BoundedQueue<SourceMessage>;
  readonly #away: Gap;
  readonly #overflow: Gap;
  readonly #notices: Notices;
  readonly #subscriptions: Subscriptions;
  readonly #lane = linkedAbort().controller;
  readonly #stop = linkedAbort().controller;
  #session: Session | undefined;
  #sessions = 0;
  #tradeAt = 0;
  #isIdle = false;
  /** What the server last complained of in this session. */
  #complaint: string | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(context: RoleContext, options: FeedOptions) {
    this.#context = context;
    this.#options = options;
    this.#away = new Gap({ ...context, name: options.name });
    this.#overflow = new Gap({ ...context, name: options.name });
    this.#notices = new Notices(context);
    const { symbols } = options;
    this.#subscriptions = new Subscriptions({ clock: context.clock, symbols, changed: () => this.#show() });
    this.#queue = new BoundedQueue({
      ...options.queue,
      onDropped: (frames) => this.#dropped(frames),
      onPaused: (paused) => this.#session?.pause(paused),
    });
    this.lanes = new Observable((lanes) => {
      this.#running = this.#run(lanes);
      lanes.next(this.#laneOfFrames());
      return () => this.#disconnect();
    });
  }

  /** Nothing to wait for: the session is made, and made again, while the lane is open. */
  async connect(): Promise<void> {
    const { name, symbols, maxSymbols } = this.#options;
    if (symbols.length > maxSymbols)
      this.#context.log.warn(
        { symbols: symbols.length, max_symbols: maxSymbols },
        `${name}: ${symbols.length} symbols are more than the ${maxSymbols} that the plan of the key is known to allow: the server may refuse some`,
      );
  }

  async close(): Promise<void> {
    this.#disconnect();
    this.#lane.abort();
    await this.#running;
  }

  #disconnect(): void {
    this.#stop.abort();
    this.#queue.close();
    this.#session?.close();
  }

  #laneOfFrames(): Lane {
    const read = async (signal: AbortSignal): Promise<Reading | undefined> => {
      if (this.#queue.size === 0) this.#roomAgain();
      const taken = await this.#queue.take(readingSize, signal);
      return taken && { messages: taken.items, bytes: taken.bytes };
    };
    return { id: this.#options.name, signal: this.#lane.signal, read };
  }

  async #run(lanes: Subscriber<Lane>): Promise<void> {
    const { clock, chance, node } = this.#context;
    const reconnects = new Reconnects(this.#options.reconnect, chance);
    const { signal } = this.#stop;
    node.is('connecting');
    while (!signal.aborted) {
      this.#session = this.#newSession();
      const end = await this.#session.ended;
      const error = this.#options.proven.judge(handshake, end.error);
      if (error.fault === 'fatal') return this.#giveUp(lanes, error);
      if (signal.aborted) break;
      await clock.sleep(this.#lost({ ...end, error }, reconnects), signal);
    }
    this.#away.end();
    this.#roomAgain();
  }

  #newSession(): Session {
    const { name, url, token, handshakeMs, watchdogMs, maxFrame } = this.#options;
    return new Session({
      ...{ clock: this.#context.clock, name, url, token, handshakeMs, watchdogMs, maxFrame },
      opened: () => void this.#opened(),
      frame: (bytes) => this.#take(bytes),
    });
  }

  /** Says why the session ended, and gives how long to wait before the next. */
  #lost(end: SessionEnd, reconnects: Reconnects): number {
    const { node, clock } = this.#context;
    const { error, openMs, silentMs } = end;
    const { waitMs, isKeyInUse } = reconnects.after(end);
    if (openMs !== undefined) this.#away.begin(error.message, silentMs >= this.#options.watchdogMs ? silentMs : 0);
    const said = this.#complaint === undefined ? '' : `, after "${this.#complaint}"`;
    const guess = isKeyInUse ? ', again within 10 s: key in use elsewhere?' : '';
    node.is('retrying', `${error.message}${said}${guess}`, clock.now() + waitMs);
    return waitMs;
  }

  #giveUp(lanes: Subscriber<Lane>, error: FdpError): void {
    this.#away.end();
    this.#queue.close();
    lanes.error(error);
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
    if (this.#queue.paused) session.pause(true);
    await this.#subscriptions.ask(session);
    if (session.over.aborted) return;
    this.#away.end();
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
        this.#queue.push(frame.message, bytes.length);
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

  /** Whatever a server says in a frame is a warning: it ends nothing. */
  #errorFrame(text: string): void {
    const { name, token } = this.#options;
    const shown = foreignText(text.replaceAll(token, '***'), shownError);
    this.#complaint = shown;
    this.#context.node.count('error_frames');
    this.#notices.write('error', 'error', shown, `${name}: the server says: ${shown}`);
    this.#subscriptions.heard(shown);
  }

  #dropped(frames: number): void {
    this.#context.node.count('dropped_frames', frames);
    this.#overflow.begin('the pipeline is slower than the feed, and the queue is full');
  }

  #roomAgain(): void {
    this.#overflow.end();
  }
}
