import type { BranchPlan, ConnectorPlan, Plan, TopologyPlan } from '../../engine/plan.ts';
import { Runtime } from '../../engine/runtime.ts';
import { errorText } from '../../errors.ts';
import type { Connector } from '../../kit/connector.ts';
import type { DeadLetter } from '../../kit/dead-letter.ts';
import type { ConnectorDeclaration } from '../../kit/declaration.ts';
import type { Environment } from '../../kit/environment.ts';
import { resolve } from '../../pipeline/give/resolve.ts';
import { printProblems } from '../../pipeline/problem.ts';
import { jsonResult } from '../shared/json-result.ts';
import type { CommandResult, SpecRequest } from '../validate.ts';
import { noSuchLetter } from './dead-letters.ts';
import { type FoundLetter, type Letters, withLetters } from './letters.ts';
import { replayedId, replaying, type StoredLetter } from './replay-source.ts';

export interface ReplayFlags {
  /** Includes letters that were replayed before. */
  readonly again?: boolean;
  readonly json?: boolean;
}

/** Letters of one topology that one sink, or no sink, refused. */
interface Group {
  readonly topology: string;
  readonly sink: string | undefined;
  readonly log: ConnectorPlan;
  readonly letters: StoredLetter[];
}

interface GroupResult extends Pick<Group, 'topology' | 'sink'> {
  readonly letters: number;
  readonly delivered: number;
  /** Why some were not delivered, or were left out. */
  readonly why?: string;
  readonly failed: boolean;
}

/**
 * `fdp dead-letters replay`: processes letters (all open ones, or the named ones) in their topology again, each by
 * the sink that refused it and those after it. Letters that are refused again stay open. Every topology gets its line,
 * whatever happens to the others. Replaying twice changes nothing.
 */
export function replayLetters(
  request: SpecRequest,
  ids: readonly string[],
  { again = false, json = false }: ReplayFlags = {},
): Promise<CommandResult> {
  return withLetters(request, async (letters) => {
    const groups = new Map<string, Group>();
    const missing = new Set(ids);
    await letters.each((found) => {
      const { letter, log, note } = found;
      missing.delete(found.shownId);
      const isOpen = note === undefined || (again && note.note === 'replayed');
      if (ids.length === 0 ? !isOpen : !ids.includes(found.shownId)) return;
      const key = JSON.stringify([log.name, letter.topology, letter.sink]);
      const group = groups.get(key) ?? { topology: letter.topology, sink: letter.sink, log, letters: [] };
      groups.set(key, group);
      group.letters.push(slim(found));
    });
    for (const id of missing) throw noSuchLetter(id);
    const results: GroupResult[] = [];
    for (const group of groups.values()) results.push(await replayGroup(group, { letters, request }));
    const exitCode = results.some(({ failed }) => failed) ? 1 : 0;
    if (json) return jsonResult({ replayed: results }, exitCode);
    return { text: `${results.map(lineOf).join('\n') || 'nothing to replay'}\n`, exitCode };
  });
}

/** Without the message, since there may be many large letters. */
function slim({ id, letter, record }: FoundLetter): StoredLetter {
  return { id, letter: { ...letter, value: '' }, record: { ...record, value: undefined, raw: '' } };
}

function lineOf({ topology, sink, letters, delivered, why }: GroupResult): string {
  return `${topology}${sink ? `, sink ${sink}` : ''}: ${delivered} of ${letters} delivered${why ? `; ${why}` : ''}`;
}

interface Replaying {
  readonly letters: Letters;
  readonly request: SpecRequest;
}

async function replayGroup(group: Group, { letters, request }: Replaying): Promise<GroupResult> {
  const { topology: name, sink, log } = group;
  const result = { topology: name, sink, letters: group.letters.length, delivered: 0 };
  const { spec, environment } = letters;
  if (!spec.topologies.has(name))
    return { ...result, failed: true, why: 'the pipeline has no topology with this name' };
  const { plan, problems } = resolve(spec, { topologies: [name] });
  const [topology] = plan?.topologies ?? [];
  if (!plan || !topology) return { ...result, failed: true, why: printProblems(problems, request.folder) };
  const wanted = sink === undefined ? topology.branches : branchesFrom(topology.branches, sink);
  if (wanted.length === 0) return { ...result, failed: true, why: 'the sink no longer exists' };
  const { branches, shown } = keeping(wanted, plan);
  const note = shown.length === 0 ? {} : { why: `messages are not shown again at ${shown.join(', ')}` };
  if (branches.length === 0) return { ...result, ...note, failed: false };
  const chosen = new Set(group.letters.map(({ id }) => id));
  const refused = new Set<string>();
  const isChosen = (stored: StoredLetter) => chosen.has(stored.id);
  const replayPlan = planOf(plan, { topology: { ...topology, branches }, log, isChosen, refused });
  try {
    const { delivered, filtered, failure } = await replay(replayPlan, environment);
    if (failure !== undefined) return { ...result, delivered, failed: true, why: failure };
    await letters.note(
      log,
      group.letters.filter(({ id }) => !refused.has(id)),
      'replayed',
    );
    const why = [filtered > 0 && `${filtered} filtered`, note.why].filter(Boolean).join('; ');
    return { ...result, delivered, failed: refused.size > 0, ...(why ? { why } : {}) };
  } catch (error) {
    return { ...result, failed: true, why: errorText(error) };
  }
}

/** Without branches that only show messages to current clients: those belong to the running process. */
function keeping(
  branches: readonly BranchPlan[],
  { connectors }: Plan,
): { readonly branches: readonly BranchPlan[]; readonly shown: readonly string[] } {
  const gone = new Set<string>();
  for (const { name, connector, after } of branches)
    if (connectors.get(connector)?.declaration.sink?.shows || gone.has(after ?? '')) gone.add(name);
  return { branches: branches.filter(({ name }) => !gone.has(name)), shown: [...gone] };
}

interface ReplayParts {
  readonly topology: TopologyPlan;
  readonly log: ConnectorPlan;
  isChosen(stored: StoredLetter): boolean;
  /** Collects the ids of letters that are refused again. */
  readonly refused: Set<string>;
}

/** The topology with its letters as the source, and a list of refused ones as the dead letter. */
function planOf(plan: Plan, { topology, log, isChosen, refused }: ReplayParts): Plan {
  const [letters, again] = [`${log.name} (replay)`, `${log.name} (refused again)`];
  const connectors = new Map(plan.connectors)
    .set(letters, lettersConnector(letters, log, isChosen))
    .set(again, refusedConnector(again, refused));
  const source = { connector: letters, usage: {} };
  const deadLetter = { connector: again, usage: {} };
  return { ...plan, connectors, status: undefined, topologies: [{ ...topology, source, deadLetter }] };
}

function lettersConnector(
  name: string,
  { declaration, options }: ConnectorPlan,
  isChosen: (stored: StoredLetter) => boolean,
): ConnectorPlan {
  const replayed: ConnectorDeclaration = {
    ...declaration,
    create: async (given, context): Promise<Connector> => {
      const connector = await declaration.create(given, context);
      const { browse } = connector;
      return {
        ...(browse ? { source: (_usage, role) => replaying(browse.call(connector, role), isChosen) } : {}),
        close: () => connector.close(),
      };
    },
  };
  return { name, declaration: replayed, options };
}

function refusedConnector(name: string, refused: Set<string>): ConnectorPlan {
  const nothing = async () => {};
  const create = async (): Promise<Connector> => ({
    sink: () => ({
      ordered: false,
      connect: nothing,
      close: nothing,
      write: async (messages) => {
        for (const { value } of messages) refused.add(replayedId((value as DeadLetter).origin.lane));
        return {};
      },
    }),
    close: nothing,
  });
  const declaration = { type: 'list', summary: '', options: {}, example: '', create };
  return { name, declaration, options: {} };
}

/** A sink and those after it; the operators before it still run. */
function branchesFrom(branches: readonly BranchPlan[], sink: string): readonly BranchPlan[] {
  const root = branches.find(({ name }) => name === sink);
  if (!root) return [];
  const operators = [root];
  for (let parent = root.after; parent !== undefined; ) {
    const before = branches.find(({ name }) => name === parent);
    if (before) operators.unshift(before);
    parent = before?.after;
  }
  const kept: BranchPlan[] = [
    { ...root, after: undefined, operators: operators.flatMap((branch) => branch.operators) },
  ];
  for (const branch of branches) if (kept.some(({ name }) => name === branch.after)) kept.push(branch);
  return kept;
}

async function replay(
  plan: Plan,
  environment: Environment,
): Promise<{ readonly delivered: number; readonly filtered: number; readonly failure?: string }> {
  const runtime = new Runtime(plan, environment);
  const { exitCode } = await runtime.run();
  const [snapshot] = runtime.snapshot();
  const { delivered = 0, filtered = 0, reason = 'the replay was interrupted' } = snapshot ?? {};
  return exitCode === 0 ? { delivered, filtered } : { delivered, filtered, failure: reason };
}
