import { concatMap, from, lastValueFrom } from 'rxjs';
import type { Connector, Environment, Lane, Source } from '../engine/component.ts';
import type { ConnectorDeclaration } from '../engine/declaration.ts';
import { loneRole } from '../engine/lone-role.ts';
import type { BranchPlan, ConnectorPlan, Plan, TopologyPlan } from '../engine/plan.ts';
import { bytesOfLetter, letterIn, replaying, type StoredLetter } from '../engine/replay.ts';
import { Runtime } from '../engine/runtime.ts';
import { FdpError } from '../errors.ts';
import { readSpec } from '../spec/read.ts';
import { resolve } from '../spec/resolve.ts';
import { quietEnvironment } from './quiet.ts';
import { table } from './text.ts';
import { type CommandResult, problemText, type SpecRequest } from './validate.ts';

/** Columns where there is no terminal: a line a letter. */
const unwrapped = 10_000;
/** Letters that `list` shows: the newest. */
const shown = 1000;

interface Command {
  readonly plan: Plan;
  readonly environment: Environment;
}

/** `fdp-run dead-letters list`: one line a letter, the newest last. */
export function listLetters(request: SpecRequest, width = unwrapped): Promise<CommandResult> {
  return withPlan(request, async (command) => {
    const newest: StoredLetter[] = [];
    let count = 0;
    await eachLetter(command, (stored) => {
      count++;
      newest.push(stored);
      if (newest.length > 2 * shown) newest.splice(0, shown);
    });
    const listed = newest.slice(-shown).sort((a, b) => a.letter.rejected_at - b.letter.rejected_at);
    const rows = [['ID', 'REJECTED', 'NODE', 'ORIGIN', 'CODE', 'REASON'], ...listed.map(rowOf)];
    const more = count > shown ? [`and ${count - shown} older ones`] : [];
    const lines = count === 0 ? ['no dead letters'] : [...table(rows, width), ...more];
    return { text: `${lines.join('\n')}\n`, exitCode: 0 };
  });
}

/** `fdp-run dead-letters show ID`: one letter whole, its message as text where it is text. */
export function showLetter(request: SpecRequest, id: string): Promise<CommandResult> {
  return withPlan(request, async (command) => {
    const found: StoredLetter[] = [];
    await eachLetter(command, (stored) => {
      if (stored.id === id) found.push(stored);
    });
    if (found.length === 0)
      throw new FdpError(
        'FDP_USAGE',
        `dead-letters: there is no letter "${id}": "fdp-run dead-letters list" shows all`,
      );
    const texts = found.map(({ letter }) => {
      const { value: _value, encoding, ...rest } = letter;
      const kept = bytesOfLetter(letter);
      const cut = kept.length < letter.bytes ? `, the first ${kept.length} of ${letter.bytes} bytes` : '';
      return `${JSON.stringify(rest, null, 2)}\nmessage (${encoding}${cut}):\n${letter.value}\n`;
    });
    return { text: texts.join('\n'), exitCode: 0 };
  });
}

/**
 * `fdp-run dead-letters replay`: offers letters (all, or those named) to their topology again, each to the sink that
 * refused it and those after it. What is refused again stays where it is. Replayed twice, nothing changes.
 */
export function replayLetters(request: SpecRequest, ids: readonly string[]): Promise<CommandResult> {
  return withPlan(request, async (command) => {
    const groups = new Map<string, { topology: TopologyPlan; sink: string | undefined; count: number }>();
    const isAsked = (stored: StoredLetter) => ids.length === 0 || ids.includes(stored.id);
    await eachLetter(command, (stored, topology) => {
      if (!isAsked(stored)) return;
      const { sink } = stored.letter;
      const key = JSON.stringify([topology.name, sink]);
      const group = groups.get(key) ?? { topology, sink, count: 0 };
      groups.set(key, { ...group, count: group.count + 1 });
    });
    const lines: string[] = [];
    let failed = false;
    for (const { topology, sink, count } of groups.values()) {
      const plan = replayPlan(command.plan, { topology, sink, isAsked });
      const done = plan ? await replay(plan, command.environment) : 0;
      failed ||= done < count;
      const to = `${topology.name}${sink ? `, sink ${sink}` : ''}`;
      lines.push(
        plan ? `${to}: ${done} of ${count} delivered` : `${to}: ${count} left, there is no such sink any more`,
      );
    }
    return { text: `${lines.join('\n') || 'no dead letters'}\n`, exitCode: failed ? 1 : 0 };
  });
}

async function withPlan(
  request: SpecRequest,
  work: (command: Command) => Promise<CommandResult>,
): Promise<CommandResult> {
  const { plan, problems } = resolve(readSpec(request), request);
  if (!plan) return { text: problemText(problems, request.folder), exitCode: 2 };
  return work({ plan, environment: await quietEnvironment() });
}

/** Calls `visit` for every letter of the plan's topologies. */
async function eachLetter(
  { plan, environment }: Command,
  visit: (stored: StoredLetter, topology: TopologyPlan) => void,
): Promise<void> {
  const topologies = new Map(plan.topologies.map((topology) => [topology.name, topology]));
  const names = new Set(plan.topologies.map(({ deadLetter }) => deadLetter).filter((name) => name !== undefined));
  for (const name of names) {
    const { source, close } = await openDeadLetter(plan, name, environment);
    try {
      await source.connect(new AbortController().signal);
      await lastValueFrom(source.lanes.pipe(concatMap((lane) => from(readThrough(lane, visitLetter)))), {
        defaultValue: undefined,
      });
    } finally {
      await source.close();
      await close();
    }
  }
  function visitLetter(stored: StoredLetter): void {
    const topology = topologies.get(stored.letter.topology);
    if (topology) visit(stored, topology);
  }
}

async function readThrough(lane: Lane, visit: (stored: StoredLetter) => void): Promise<void> {
  const { signal } = new AbortController();
  for (;;) {
    const reading = await lane.read(signal);
    if (reading === undefined) return;
    for (const record of reading.messages) {
      const stored = letterIn(record);
      if (stored) visit(stored);
    }
  }
}

async function openDeadLetter(
  plan: Plan,
  name: string,
  environment: Environment,
): Promise<{ source: Source; close(): Promise<void> }> {
  const connectorPlan = plan.connectors.get(name);
  if (!connectorPlan) throw new FdpError('FDP_INTERNAL', `${name}: the dead letter is not part of the plan`);
  const connector = await connectorPlan.declaration.create(connectorPlan.options, { ...environment, name });
  const source = connector.browse?.(loneRole(connectorPlan, 'source', environment));
  if (source) return { source, close: () => connector.close() };
  await connector.close();
  throw new FdpError('FDP_NOT_SUPPORTED', `${name}: ${connectorPlan.declaration.type} can't be read as a dead letter`);
}

interface Replay {
  readonly topology: TopologyPlan;
  readonly sink: string | undefined;
  isAsked(stored: StoredLetter): boolean;
}

/** The topology with its letters as the source and nowhere to put what is refused again; undefined without its sink. */
function replayPlan(plan: Plan, { topology, sink, isAsked }: Replay): Plan | undefined {
  const branches = sink === undefined ? topology.branches : branchesFrom(topology.branches, sink);
  const deadLetter = plan.connectors.get(topology.deadLetter ?? '');
  if (branches.length === 0 || !deadLetter) return undefined;
  const isChosen = (stored: StoredLetter) =>
    stored.letter.topology === topology.name && stored.letter.sink === sink && isAsked(stored);
  const letters = `${deadLetter.name} (replay)`;
  const connectors = new Map(plan.connectors).set(letters, lettersConnector(letters, deadLetter, isChosen));
  const source = { connector: letters, usage: {} };
  return {
    ...plan,
    connectors,
    status: undefined,
    topologies: [{ ...topology, source, branches, deadLetter: undefined }],
  };
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

/** A sink and those after it; what its parents' operators do with a message is still done. */
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

/** Messages delivered. */
async function replay(plan: Plan, environment: Environment): Promise<number> {
  const runtime = new Runtime(plan, environment);
  const { exitCode } = await runtime.run();
  const [snapshot] = runtime.snapshot();
  if (exitCode !== 0 || !snapshot) throw new FdpError('FDP_UNAVAILABLE', snapshot?.reason ?? 'the replay ended early');
  return snapshot.delivered;
}

function rowOf({ id, letter }: StoredLetter): string[] {
  const { topic = letter.origin.lane, partition, offset, index } = letter.origin;
  const place = [topic, partition, offset].filter((part) => part !== undefined).join('-');
  return [
    id,
    new Date(letter.rejected_at).toISOString(),
    `${letter.topology}/${letter.node}`,
    index === undefined ? place : `${place}--${index}`,
    letter.code,
    letter.reason,
  ];
}
