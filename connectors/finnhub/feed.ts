import { Observable, type Subscriber } from 'rxjs';
import { linkedAbort } from '../../src/engine/clock.ts';
import type { Lane, Reading, RoleContext, Source } from '../../src/engine/component.ts';
import { type LimitedLog, limited } from '../../src/engine/limited-log.ts';
import type { SourceMessage } from '../../src/engine/message.ts';
import { BoundedQueue, type QueueOptions } from '../../src/engine/queue.ts';
import type { FdpError } from '../../src/errors.ts';
import { isAboutKey, isAboutLimit, readFrame } from './frames.ts';
import { Gap } from './gaps.ts';
import { tokenRefused } from './handshake.ts';
import { type ReconnectOptions, Reconnects } from './reconnects.ts';
import { Session, type SessionEnd } from './session.ts';

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
  readonly queue: Pick<QueueOptions, 'maxItems' | 'maxBytes' | 'whenFull'>;
}

const subscribeEveryMs = 100;
/** Pings without a trade for so long: the market is probably closed. */
const idleMs = 120_000;
const readingSize = 1000;
const sameLineMs = 60_000;
const idle = 'idle, market closed?';

/**
 * The source role: one lane with the frames of a session that is made again whenever it ends. Nobody waits for the
 * first one: the node says `connecting`, `retrying` and why. What a person must cure (a refused key) is an error of
 * `lanes`. Counts `reconnects`, `gaps`, `gap_ms`, `dropped_frames`, `error_frames`, `unknown_frames`.
 */
export class FinnhubFeed implements Source {
  readonly replayable = false;
  readonly lanes: Observable<Lane>;
  readonly #context: RoleContext;
  readonly #options: FeedOptions;
  readonly #queue: BoundedQueue<SourceMessage>;
  readonly #away: Gap;
  readonly #overflow: Gap;
  readonly #sayOnce: LimitedLog;
  readonly #lane = linkedAbort().controller;
  readonly #stop = linkedAbort().controller;
  #session: Session | undefined;
  #sessions = 0;
  #tradeAt = 0;
  #isIdle = false;
  #isFull = false;
  #running: Promise<void> = Promise.resolve();

  constructor(context: RoleContext, options: FeedOptions) {
    this.#context = context;
    this.#options = options;
    this.#away = new Gap({ ...context, name: options.name });
    this.#overflow = new Gap({ ...context, name: options.name });
    this.#sayOnce = limited(context.log, context.clock, sameLineMs);
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
        `${name}: ${symbols.length} symbols are more than the ${maxSymbols} that the key is known to allow: the server may refuse some`,
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
      if (end.error.fault === 'fatal') return this.#giveUp(lanes, end.error);
      if (signal.aborted) break;
      await clock.sleep(this.#lost(end, reconnects), signal);
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
  #lost({ error, openMs, silentMs }: SessionEnd, reconnects: Reconnects): number {
    const { node } = this.#context;
    const { waitMs, isKeyInUse } = reconnects.after(openMs);
    if (openMs !== undefined) this.#away.begin(error.message, silentMs >= this.#options.watchdogMs ? silentMs : 0);
    node.is('retrying', isKeyInUse ? `${error.message}, again within 10 s: key in use elsewhere?` : error.message);
    return Math.max(waitMs, error.waitMs ?? 0);
  }

  #giveUp(lanes: Subscriber<Lane>, error: FdpError): void {
    this.#away.end();
    this.#queue.close();
    lanes.error(error);
  }

  async #opened(): Promise<void> {
    const { clock, node, log } = this.#context;
    const { name, url, symbols } = this.#options;
    const session = this.#session as Session;
    this.#isFull = false;
    if (this.#sessions++ > 0) node.count('reconnects');
    else this.#tradeAt = clock.monotonic();
    log.info({ url, symbols: symbols.length }, `${name}: connected to ${url}`);
    node.is('ok', this.#isIdle ? idle : undefined);
    if (this.#queue.paused) session.pause(true);
    for (const symbol of symbols) {
      if (session.over.aborted || this.#isFull) return;
      session.send({ type: 'subscribe', symbol });
      await clock.sleep(subscribeEveryMs, session.over);
    }
  }

  #take(bytes: Buffer): void {
    const { clock, node } = this.#context;
    const { name } = this.#options;
    const frame = readFrame(bytes, name, clock.now());
    switch (frame.kind) {
      case 'message':
        if (frame.message.problem === undefined) this.#traded();
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
        this.#sayOnce.warn(
          `unknown ${frame.type}`,
          { type: frame.type },
          `${name}: frames of the unknown type ${frame.type} are left out`,
        );
    }
  }

  #traded(): void {
    const { clock, node, log } = this.#context;
    this.#away.end();
    this.#tradeAt = clock.monotonic();
    if (!this.#isIdle) return;
    this.#isIdle = false;
    node.is('ok');
    log.info({}, `${this.#options.name}: trades again`);
  }

  #pinged(): void {
    const { clock, node, log } = this.#context;
    this.#away.end();
    if (this.#isIdle || clock.monotonic() - this.#tradeAt < idleMs) return;
    this.#isIdle = true;
    node.is('ok', idle);
    log.info({}, `${this.#options.name}: pings but no trades for two minutes: ${idle}`);
  }

  #errorFrame(text: string): void {
    const { name, token } = this.#options;
    const shown = text.replaceAll(token, '***');
    this.#context.node.count('error_frames');
    this.#sayOnce.error(`error ${shown}`, { msg: shown }, `${name}: the server says: ${shown}`);
    if (isAboutLimit(text)) this.#isFull = true;
    if (isAboutKey(text)) this.#session?.cut(tokenRefused(name, shown));
  }

  #dropped(frames: number): void {
    this.#context.node.count('dropped_frames', frames);
    this.#overflow.begin('the pipeline is slower than the feed, and the queue is full');
  }

  #roomAgain(): void {
    this.#overflow.end();
  }
}
