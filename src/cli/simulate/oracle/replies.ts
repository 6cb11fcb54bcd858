import { isDeepStrictEqual } from 'node:util';
import { FdpError } from '../../../errors.ts';
import { parseJson, toJson } from '../../../kit/json.ts';
import type { Row } from '../../../kit/row.ts';
import type { Reply, RequestTimes } from '../../../simulate/request-input.ts';
import type { Asked } from '../requests/asked.ts';
import { type KnownRoute, knownRoute } from '../requests/known-route.ts';
import { valueAt } from '../requests/values.ts';
import type { StageRun } from '../stage-run.ts';
import { type AskedTable, foundRows, type Parameters } from './found.ts';
import { type Hours, hoursIn } from './hours.ts';
import { type ExpectedReply, type Judgement, notJudged, shortText, type Violation } from './judgement.ts';
import { type Allowed, allowedBy } from './reply-faults.ts';
import { shownBars } from './shown-bars.ts';

/** Times that may have been `now`, Unix ms: when parameters were read, and when it was looked what is over. */
interface Now {
  readonly read: number;
  readonly shown: number;
}

export interface JudgedReplies {
  readonly judgements: readonly Judgement[];
  /** What each request should get, in their order. */
  readonly replies: readonly ExpectedReply[];
}

/** Compares each reply with what the rows of the tables, as they were given, make of its request. */
export function judgeReplies(run: StageRun): JudgedReplies {
  const { topology, outcome, given, times } = run;
  const oracle = new ReplyOracle(given?.tables ?? new Map());
  const askedMs = [...run.tape].map(({ atMs }) => atMs);
  const found = new Map<string, { expected: number; readonly violations: Violation[] }>();
  const replies = outcome.replies.map((reply, index): ExpectedReply => {
    const asked = given?.asked.get(reply.request);
    if (!asked) return { code: String(reply.code) };
    const { route } = asked.route;
    const own = found.get(route) ?? { expected: 0, violations: [] };
    found.set(route, own);
    own.expected++;
    const allowed = allowedBy(run, { fromMs: askedMs[index] ?? 0, times: times[index], route: asked.route });
    const expected = oracle.judge(asked, reply, { allowed, times: times[index] });
    if (expected.isRight) return contentOf(reply);
    const text = `${reply.request}: got ${shortText(contentOf(reply))}, expected ${shortText(expected.reply)}`;
    own.violations.push({ kind: `${route}: replies are wrong`, text });
    return expected.reply;
  });
  const judgements = topology.routes.map((plan) => {
    const known = knownRoute(plan);
    if (typeof known === 'string') return notJudged(plan.route, known);
    const { expected = 0, violations = [] } = found.get(plan.route) ?? {};
    return { branch: plan.route, what: 'replies', expected, violations };
  });
  return { judgements, replies };
}

function contentOf({ code, data, rows }: Reply): ExpectedReply {
  if (code !== undefined) return { code };
  return rows ? { rows } : { data };
}

interface Circumstances {
  readonly allowed: Allowed;
  readonly times: RequestTimes | undefined;
}

class ReplyOracle {
  readonly #tables: ReadonlyMap<string, AskedTable>;
  readonly #hours = new Map<string, Hours>();

  constructor(tables: ReadonlyMap<string, AskedTable>) {
    this.#tables = tables;
  }

  /** Whether a reply is one of those that there may be; and the one that there should be. */
  judge(asked: Asked, reply: Reply, { allowed, times }: Circumstances) {
    const { codes, isCertain, slowMs } = allowed;
    const from = times?.asked?.now ?? 0;
    const to = times?.answered?.now ?? from;
    const nows: readonly Now[] = [
      { read: from, shown: from },
      ...[to, ...slowMs.map((ms) => to - ms)].map((shown) => ({ read: from, shown })),
      { read: to, shown: to },
    ];
    const first = this.#expected(asked, nows[0] as Now);
    const isRefused = 'code' in first && first.code === 'FDP_PARAMETER_INVALID';
    if (isCertain && !isRefused) {
      const [code = ''] = codes;
      return { isRight: reply.code !== undefined && codes.includes(reply.code), reply: { code } };
    }
    if (reply.code !== undefined && codes.includes(reply.code)) return { isRight: true, reply: first };
    const others = nows.slice(1).filter(({ read, shown }) => read !== from || shown !== from);
    const isRight = isAsExpected(reply, first) || others.some((now) => isAsExpected(reply, this.#expected(asked, now)));
    return { isRight, reply: first };
  }

  #expected({ route, meant }: Asked, now: Now): ExpectedReply {
    if (Object.values(meant).some((each) => 'wrong' in each)) return { code: 'FDP_PARAMETER_INVALID' };
    const parameters = Object.fromEntries(
      Object.entries(meant)
        .map(([name, each]) => [name, valueAt(each, now.read)] as const)
        .filter(([, value]) => value !== undefined),
    );
    const read = this.#read(route, parameters, now);
    if (!read) return { code: 'FDP_PARAMETER_INVALID' };
    try {
      const rows = read.rows.map((row) => route.shown(row)).filter((row) => row !== undefined);
      return asRead(replyOf(route, rows, read.edge));
    } catch (error) {
      if (error instanceof FdpError) return { code: error.code };
      throw error;
    }
  }

  #read({ read }: KnownRoute, parameters: Parameters, now: Now) {
    const table = this.#tables.get(read.table) ?? { rows: [], fields: undefined };
    if (read.kind === 'find') {
      const found = foundRows(read, parameters, table);
      const field = read.sort[0]?.field ?? '';
      const { _id, [field]: value } = found?.edge ?? {};
      const edge = found?.edge && { value, before: `${value}_${_id}`, limit: parameters['limit'] };
      return found && { rows: found.rows, edge };
    }
    const gaps = this.#tables.get(read.gaps ?? '')?.rows ?? [];
    const hours = this.#hours.get(read.calendar) ?? hoursIn(read.calendar);
    this.#hours.set(read.calendar, hours);
    const rows = shownBars(read, parameters, { rows: table.rows, gaps, hours, now: now.shown });
    return rows && { rows, edge: undefined };
  }
}

/** Where the next page begins. */
interface Edge {
  readonly value: unknown;
  readonly before: string;
  readonly limit: unknown;
}

function replyOf({ replies }: KnownRoute, rows: readonly Row[], edge: Edge | undefined): ExpectedReply {
  const { as, one, isFile, hasPages } = replies;
  if (isFile) return { rows };
  const [only, other] = rows;
  if (one) return only ? (other ? { code: 'FDP_INTERNAL' } : { data: only }) : { code: 'FDP_NOT_FOUND' };
  if (!hasPages) return { data: { [as]: rows } };
  const next = edge ? { limit: String(edge.limit), before: edge.before } : null;
  return { data: { [as]: rows, pagination: { next_cursor: edge?.value ?? null, next } } };
}

/** As a client reads it. */
function asRead(reply: ExpectedReply): ExpectedReply {
  return parseJson(toJson(reply, 'reply')) as ExpectedReply;
}

/** Rows of a file have no `_id`. A link is right if it leads to the same path, with the same parameters but for the page. */
function isAsExpected(reply: Reply, expected: ExpectedReply): boolean {
  if (reply.code !== undefined) return 'code' in expected && reply.code === expected.code;
  if ('rows' in expected) return isDeepStrictEqual(reply.rows?.map(withoutId), expected.rows.map(withoutId));
  return 'data' in expected && isDeepStrictEqual(withLink(reply), expected.data);
}

function withoutId(row: unknown): unknown {
  const { _id, ...others } = row as Row;
  return others;
}

/** The data of a page with what its link says that is new; one that leads elsewhere stays as it is. */
function withLink({ request, data }: Reply): unknown {
  const { pagination, ...others } = (data ?? {}) as { readonly pagination?: { readonly next: unknown } };
  if (typeof pagination?.next !== 'string') return data;
  const [asked, link] = [new URL(request.split(' ')[1] ?? '', 'http://fdp'), new URL(pagination.next, 'http://fdp')];
  const { limit, before, ...kept } = Object.fromEntries(link.searchParams);
  const { limit: _limit, before: _before, ...given } = Object.fromEntries(asked.searchParams);
  const isSame = asked.pathname === link.pathname && isDeepStrictEqual(kept, given);
  return { ...others, pagination: { ...pagination, next: isSame ? { limit, before } : pagination.next } };
}
