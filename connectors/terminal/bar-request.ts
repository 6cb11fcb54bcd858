import { errorText, FdpError } from '../../src/errors.ts';
import { type Bar, readBars } from '../../src/kit/bar.ts';
import { type Clock, linkedAbort } from '../../src/kit/clock.ts';
import { tryParseJson } from '../../src/kit/json.ts';
import { foreignText } from '../../src/kit/text.ts';

/** A request for the newest `limit` bars of a symbol. */
export interface BarQuestion {
  /** As the feed writes it. */
  readonly symbol: string;
  readonly interval: string;
  readonly limit: number;
  /** Unix ms. */
  readonly askedAt: number;
}

/** Requests bars; they come oldest first. @throws FDP_UNAVAILABLE with one line that a person can act on */
export type AskBars = (question: BarQuestion, signal: AbortSignal) => Promise<readonly Bar[]>;

const timeoutMs = 4000;
/** A response with 500 bars has about 150 KB. */
const mostBytes = 1_048_576;
const longestError = 120;

/** Returns a function that requests bars from an API, with a key if it is not empty. @param url with `{symbol}` in place of the symbol */
export function barRequest(url: string, clock: Clock, key = ''): AskBars {
  return async (question, signal) => {
    const address = addressFor(url, question);
    const { controller, release } = linkedAbort(signal);
    const cancel = clock.timer(timeoutMs, () => controller.abort());
    try {
      return await clock.outside(ask({ address, key, askedAt: question.askedAt }, controller.signal));
    } catch (error) {
      if (error instanceof FdpError) throw error;
      const isLate = controller.signal.aborted && !signal.aborted;
      throw unavailable(`${address.host} ${isLate ? `has not answered within ${timeoutMs / 1000} s` : why(error)}`);
    } finally {
      cancel();
      release();
    }
  };
}

function addressFor(url: string, { symbol, interval, limit }: BarQuestion): URL {
  const address = new URL(url.replaceAll('{symbol}', () => encodeURIComponent(symbol)));
  address.searchParams.set('interval', interval);
  address.searchParams.set('limit', String(limit));
  return address;
}

interface Request {
  readonly address: URL;
  readonly key: string;
  readonly askedAt: number;
}

async function ask({ address, key, askedAt }: Request, signal: AbortSignal): Promise<readonly Bar[]> {
  const headers = { accept: 'application/json', ...(key === '' ? {} : { authorization: `Bearer ${key}` }) };
  const response = await fetch(address, { signal, redirect: 'error', headers });
  const body = tryParseJson(await textOf(response, address));
  if (!response.ok) throw unavailable(`${address.host} answers ${response.status}${reasonIn(body)}`);
  const { data } = fieldsOf(fieldsOf(body)['data']);
  const bars = readBars(data, askedAt);
  if (!bars) throw unavailable(`${address.host} answers with something else than bars`);
  return bars;
}

async function textOf(response: Response, { host }: URL): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = '';
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw unavailable(`${host} answers with more than 1 MiB`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The text of `error` in the API's error response. */
function reasonIn(body: unknown): string {
  const { error } = fieldsOf(body);
  return typeof error === 'string' && error !== '' ? `: ${foreignText(error, longestError)}` : '';
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function why(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'ECONNREFUSED':
      return 'refuses the connection: nothing listens there';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return "can't be found: no such name";
    default:
      return `can't be reached: ${foreignText(errorText(cause), longestError)}`;
  }
}

function unavailable(text: string): FdpError {
  return new FdpError('FDP_UNAVAILABLE', text);
}
