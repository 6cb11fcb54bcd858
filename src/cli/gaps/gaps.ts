import { exactDurationText } from '../../kit/duration-text.ts';
import { type GapSpan, gapMessage } from '../../kit/gap-message.ts';
import { toMessage } from '../../kit/message.ts';
import { withSink } from '../dead-letters/letters.ts';
import { jsonResult } from '../shared/json-result.ts';
import { programName } from '../shared/program.ts';
import { table } from '../shared/text.ts';
import type { CommandResult, SpecRequest } from '../validate.ts';
import { type FoundGap, type Gaps, usage, withGaps } from './rows.ts';

/** Columns without a terminal: one line per gap. */
const unwrapped = 10_000;
/** Gaps that `list` shows: the newest. */
const shown = 100;

export interface GapFlags {
  /** Only the rows of this symbol. */
  readonly symbol?: string;
  readonly json?: boolean;
}

/**
 * `fdp gaps list`: one line per gap, the newest first.
 * @throws FDP_USAGE when the pipeline keeps no gaps; what the table throws
 */
export function listGaps(
  request: SpecRequest,
  { symbol, json = false }: GapFlags = {},
  width = unwrapped,
): Promise<CommandResult> {
  return withGaps(request, async ({ environment, find }) => {
    const now = environment.clock.now();
    const { gaps, isAll } = await find({ symbol });
    const listed = gaps.slice(0, shown);
    const older = gaps.length - listed.length;
    if (json) return jsonResult({ gaps: listed.map((gap) => asJson(gap, now)), older });
    const header = ['ID', 'FEED', 'STATE', 'FROM', 'TO', 'LENGTH', 'SYMBOLS', 'REASON'];
    const lines = gaps.length === 0 ? ['no gaps'] : table([header, ...listed.map((gap) => rowOf(gap, now))], width);
    const more = older > 0 ? [`and ${isAll ? '' : 'at least '}${older} older ones`] : [];
    return { text: `${[...lines, ...more].join('\n')}\n`, exitCode: 0 };
  });
}

/**
 * `fdp gaps show ID`: all fields of one gap.
 * @throws FDP_USAGE when there is no such gap, or the pipeline keeps none; what the table throws
 */
export function showGap(
  request: SpecRequest,
  id: string,
  { symbol, json = false }: GapFlags = {},
): Promise<CommandResult> {
  return withGaps(request, async (gaps) => {
    const fields = asJson(await named(gaps, id, symbol), gaps.environment.clock.now());
    if (json) return jsonResult(fields);
    const { symbols, open_symbols, to, ...others } = fields;
    const rows = { ...others, to: to ?? 'open', symbols: symbols.join(', '), open_symbols: open_symbols.join(', ') };
    const lines = table(
      Object.entries(rows).map(([name, value]) => [name, String(value)]),
      unwrapped,
    );
    return { text: `${lines.join('\n')}\n`, exitCode: 0 };
  });
}

/**
 * `fdp gaps close ID`: ends an open gap now, for a feed that will not end it. The end goes into the log as the feed writes
 * it, for each symbol for which the gap is open; the topology's operator `gaps` then merges it into the table. So the rows stay
 * a function of the log. The earliest end of a gap holds: an end that the feed writes later does not change it, and a beginning
 * that is noted again does not open it again.
 * @throws FDP_USAGE when there is no such gap, when it is not open, or when the topology reads no log; what the log throws
 */
export function closeGap(
  request: SpecRequest,
  id: string,
  { symbol, json = false }: GapFlags = {},
): Promise<CommandResult> {
  return withGaps(request, async (gaps) => {
    const { source, table: kept, topology, environment } = gaps;
    if (source.declaration.family !== 'log')
      throw usage(`${topology} reads ${source.name}, which is no log: the end of ${id} can't be written`);
    const { feed, reason, state, openSymbols } = await named(gaps, id, symbol);
    if (openSymbols.length === 0) throw usage(`${id} is ${state} already`);
    const from = Number(id.slice(feed.length + 1));
    const to = Math.max(from, Math.trunc(environment.clock.now()));
    const span: GapSpan = { from, to, reason, feed };
    await append(gaps, openSymbols, span);
    if (json) return jsonResult({ id, symbols: openSymbols, state: 'closed', to: iso(to) });
    const many = openSymbols.length === 1 ? '1 symbol' : `${openSymbols.length} symbols`;
    const text = `${id} ended at ${iso(to)} in ${source.name} for ${many}: ${topology} merges it into ${kept.name}\n`;
    return { text, exitCode: 0 };
  });
}

async function append({ source, environment }: Gaps, symbols: readonly string[], span: GapSpan): Promise<void> {
  const at = environment.clock.now();
  const messages = symbols.map((symbol) => toMessage(gapMessage(span, symbol, at), undefined));
  await withSink(source, environment, async (sink) => {
    const { failed } = await sink.write(messages, new AbortController().signal);
    const [failure] = failed?.values() ?? [];
    if (failure) throw failure;
  });
}

async function named({ find }: Gaps, id: string, symbol: string | undefined): Promise<FoundGap> {
  const { gaps } = await find({ id, symbol });
  if (gaps[0]) return gaps[0];
  throw usage(
    `there is no gap "${id}"${symbol === undefined ? '' : ` of ${symbol}`}: "${programName()} gaps list" lists them`,
  );
}

function rowOf({ id, feed, state, from, to, symbols, reason }: FoundGap, now: number): string[] {
  const length = exactDurationText((to ?? now) - from);
  return [id, feed, state, iso(from), to === undefined ? 'open' : iso(to), length, symbols.join(','), reason];
}

function asJson({ from, to, symbols, openSymbols, ...gap }: FoundGap, now: number) {
  return {
    ...{ ...gap, symbols, open_symbols: openSymbols, from: iso(from), to: to === undefined ? null : iso(to) },
    length_ms: Math.max(0, Math.trunc((to ?? now) - from)),
  };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
