import type { PricesEvent, StatusEvent } from '../model/contract.ts';
import { after, every, now } from './time.ts';

/** `connecting`: before the first event; `lost`: the connection broke; `paused`: the page is hidden. */
export type Connection = 'connecting' | 'live' | 'lost' | 'paused';

interface StreamHandlers {
  readonly onPrices: (event: PricesEvent) => void;
  readonly onStatus: (event: StatusEvent) => void;
  readonly onConnection: (connection: Connection) => void;
}

const url = '/api/v1/stream';
/** Delay before reconnecting when the browser does not do so by itself, ms. */
const retryMs = 2000;
/** A connection without an event for this long counts as lost, ms: the server sends one every second. */
const silenceMs = 8000;

/**
 * The one connection for live data. It reconnects by itself after any failure, is closed while the page is hidden, and is
 * opened again when the page is visible.
 */
export function openStream({ onPrices, onStatus, onConnection }: StreamHandlers): void {
  let source: EventSource | undefined;
  let heardAt = 0;
  let cancelRetry = () => {};
  const end = () => {
    cancelRetry();
    source?.close();
    source = undefined;
  };
  const lost = () => {
    onConnection('lost');
    // After a response that is not a stream, the browser does not reconnect.
    if (source?.readyState !== EventSource.CLOSED) return;
    end();
    cancelRetry = after(retryMs, begin);
  };
  const heard = <E>(handle: (event: E) => void, { data }: MessageEvent<string>) => {
    heardAt = now();
    onConnection('live');
    handle(JSON.parse(data) as E);
  };
  function begin(): void {
    end();
    if (document.visibilityState === 'hidden') return;
    heardAt = now();
    source = new EventSource(url);
    source.addEventListener('prices', (event) => heard(onPrices, event));
    source.addEventListener('status', (event) => heard(onStatus, event));
    source.addEventListener('error', lost);
  }
  const pause = () => {
    end();
    onConnection('paused');
  };
  document.addEventListener('visibilitychange', () => (document.visibilityState === 'hidden' ? pause() : begin()));
  addEventListener('pagehide', pause);
  addEventListener('pageshow', (event) => event.persisted && begin());
  every(1000, () => {
    if (now() - heardAt < silenceMs) return;
    onConnection('lost');
    begin();
  });
  onConnection('connecting');
  begin();
}
