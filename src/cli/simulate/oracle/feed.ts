import { parseJson, tryParseJson } from '../../../kit/json.ts';
import type { TapeEntry } from '../../../simulate/tape.ts';
import { type Judgement, shortText } from './judgement.ts';
import { Sequence } from './sequence.ts';
import { isFields } from './trades.ts';

/** When a topology that reads a feed may miss something, ms since its start. */
export interface Outages {
  readonly cuts: readonly { readonly fromMs: number; readonly toMs: number }[];
  readonly crashes: readonly number[];
}

interface Expected {
  readonly atMs: number;
  readonly text: string;
}

/** How long a new process may take before it reads a feed, ms. */
const startsWithinMs = 1000;

export interface FeedRequest {
  readonly branch: string;
  readonly tape: Iterable<TapeEntry>;
  readonly outages: Outages;
  /** Messages may come again: a confirmation was lost. */
  readonly mayRepeat: boolean;
  /** The fields of `split`; undefined: frames are passed on as they are. */
  readonly split: { readonly field: string; readonly by: string } | undefined;
  /** What was stored, in order, as JSON. */
  readonly got: Iterable<TapeEntry>;
}

/**
 * What a feed gives has to be passed on in the order of each key. It may lose what came while its connection was cut, and the last
 * messages before a crash; nothing else, since it can't be asked again.
 */
export function judgeFeed({ branch, tape, outages, mayRepeat, split, got }: FeedRequest): Judgement {
  const expected = new Map<string | null, Expected[]>();
  for (const entry of tape)
    for (const { key, ...message } of messagesOf(entry, split)) {
      const own = expected.get(key);
      if (own) own.push(message);
      else expected.set(key, [message]);
    }
  const sequences = new Map<string | null, Sequence<Expected>>();
  const sequenceOf = (key: string | null) => {
    const sequence =
      sequences.get(key) ??
      new Sequence<Expected>(expected.get(key) ?? [], {
        same: ({ text }, other) => text === other,
        mayLack: (missing, next) => missing.every(({ atMs }) => mayMiss(atMs, next?.atMs, outages)),
        mayRepeat,
      });
    sequences.set(key, sequence);
    return sequence;
  };
  for (const key of expected.keys()) sequenceOf(key);
  for (const { key, content } of got) sequenceOf(key).take('text' in content ? content.text : undefined);
  const violations = [...sequences].flatMap(([key, sequence]) =>
    sequence.end().map(({ kind, value }) => {
      const text = typeof value === 'string' ? value : shortText(value);
      return { kind: `${branch}: messages are ${kind}`, text: `${branch}: ${key} is ${kind}: ${text.slice(0, 200)}` };
    }),
  );
  const all = [...expected.values()].reduce((sum, { length }) => sum + length, 0);
  const isExact = !mayRepeat && outages.cuts.length === 0 && outages.crashes.length === 0 && expected.size === 1;
  const [messages] = [...expected.values()];
  return {
    ...{ branch, what: 'messages in the order of their key', expected: all, violations },
    ...(isExact && { content: () => messages?.map(({ text }) => parseJson(text)) ?? [] }),
  };
}

function mayMiss(atMs: number, nextMs: number | undefined, { cuts, crashes }: Outages): boolean {
  if (cuts.some(({ fromMs, toMs }) => atMs >= fromMs && atMs <= toMs)) return true;
  return crashes.some((crash) => atMs <= crash + startsWithinMs && (nextMs ?? Number.POSITIVE_INFINITY) >= crash);
}

/** What `split` makes of a frame: a message for each symbol. What is no JSON is no message. */
function messagesOf({ atMs, key, content }: TapeEntry, split: FeedRequest['split']) {
  // A broken frame ends early; what another topology has written is JSON as `JSON.stringify` makes it.
  if (!split && 'text' in content && content.text.endsWith('}')) return [{ atMs, key, text: content.text }];
  const value = contentValue(content);
  if (value === undefined) return [];
  if (!split || !isFields(value)) return [{ atMs, key, text: JSON.stringify(value) }];
  const items = value[split.field] as readonly Readonly<Record<string, unknown>>[];
  if (items.length === 0) return [{ atMs, key, text: JSON.stringify(value) }];
  const bySymbol = new Map<string, Readonly<Record<string, unknown>>[]>();
  for (const item of items) {
    const symbol = String(item[split.by]);
    const own = bySymbol.get(symbol);
    if (own) own.push(item);
    else bySymbol.set(symbol, [item]);
  }
  return [...bySymbol].map(([symbol, own]) => ({
    atMs,
    key: symbol,
    text: JSON.stringify({ ...value, [split.field]: own }),
  }));
}

function contentValue(content: TapeEntry['content']): unknown {
  if ('value' in content) return content.value;
  return 'text' in content ? tryParseJson(content.text) : undefined;
}
