import { concatMap, from, lastValueFrom } from 'rxjs';
import { loneRole } from '../../engine/lone-role.ts';
import type { ConnectorPlan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import type { Connector } from '../../kit/connector.ts';
import { defaultUsage } from '../../kit/declaration.ts';
import type { Environment } from '../../kit/environment.ts';
import { toMessage as messageFrom } from '../../kit/message.ts';
import type { Sink } from '../../kit/sink.ts';
import type { Lane, Source } from '../../kit/source.ts';
import { resolveConnectors } from '../../pipeline/give/resolve.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec } from '../../pipeline/spec.ts';
import { quietEnvironment } from '../shared/quiet.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from '../validate.ts';
import { type LetterNote, letterIn, noteIn, type StoredLetter } from './replay-source.ts';

// The dead letters of a pipeline for the commands: all logs of dead letters, also of topologies that don't start by
// themselves.

/** A letter, its log, and whether it was replayed or dropped. */
export interface FoundLetter extends StoredLetter {
  readonly log: ConnectorPlan;
  /** Its id in commands: with the log's name in front if the pipeline has several. */
  readonly shownId: string;
  readonly note: LetterNote | undefined;
}

export interface Letters {
  readonly spec: Spec;
  readonly environment: Environment;
  /** Calls `visit` for every letter, log by log. With `--topology`: for those of these topologies. */
  each(visit: (found: FoundLetter) => void): Promise<void>;
  /** Writes notes on letters of one log. */
  note(log: ConnectorPlan, letters: readonly StoredLetter[], what: LetterNote['note']): Promise<void>;
}

/** Finds a pipeline's logs of dead letters for a command; reports the pipeline's mistakes if there are any. */
export async function withLetters(
  request: SpecRequest,
  work: (letters: Letters) => Promise<CommandResult>,
): Promise<CommandResult> {
  const spec = readSpec(request);
  const { connectors, problems } = resolveConnectors(spec, logsOf(spec));
  if (problems.length > 0) return wrongPipeline(problems, request);
  const environment = await quietEnvironment();
  const { topologies: asked } = request;
  return work({
    spec,
    environment,
    each: async (visit) => {
      for (const log of connectors) {
        const notes = new Map<string, LetterNote>();
        await browse(log, environment, ({ note }) => note && notes.set(note.letter, note));
        await browse(log, environment, ({ stored }) => {
          if (!stored || (asked && !asked.includes(stored.letter.topology))) return;
          const shownId = connectors.length === 1 ? stored.id : `${log.name}/${stored.id}`;
          visit({ ...stored, log, shownId, note: notes.get(stored.id) });
        });
      }
    },
    note: (log, letters, what) => write(log, environment, { letters, what }),
  });
}

function logsOf({ topologies, settings, connectors }: Spec) {
  const names = [...topologies.values()].map(({ deadLetter }) => deadLetter?.connector?.name);
  return [...new Set([settings.deadLetter?.name, ...names])].flatMap((name) => connectors.get(name ?? '') ?? []);
}

interface Seen {
  readonly stored?: StoredLetter | undefined;
  readonly note?: LetterNote | undefined;
}

async function browse(log: ConnectorPlan, environment: Environment, see: (seen: Seen) => void): Promise<void> {
  await withConnector(log, environment, async (connector) => {
    const source = connector.browse?.(loneRole(log, 'source', environment));
    if (!source)
      throw new FdpError('FDP_NOT_SUPPORTED', `${log.name}: ${log.declaration.type} cannot be read as a dead letter`);
    await readThrough(source, see);
  });
}

async function readThrough(source: Source, see: (seen: Seen) => void): Promise<void> {
  const { signal } = new AbortController();
  const readLane = async (lane: Lane) => {
    for (let reading = await lane.read(signal); reading !== undefined; reading = await lane.read(signal))
      for (const record of reading.messages) see({ stored: letterIn(record), note: noteIn(record) });
  };
  try {
    await source.connect(signal);
    await lastValueFrom(source.lanes.pipe(concatMap((lane) => from(readLane(lane)))), { defaultValue: undefined });
  } finally {
    await source.close();
  }
}

interface Notes {
  readonly letters: readonly StoredLetter[];
  readonly what: LetterNote['note'];
}

/** With the letter's key, so that the note goes to the same partition. */
async function write(log: ConnectorPlan, environment: Environment, { letters, what }: Notes): Promise<void> {
  const at = environment.clock.now();
  await withSink(log, environment, async (sink) => {
    const { signal } = new AbortController();
    const notes = letters.map(({ id, record }) => {
      const value: LetterNote = { note: what, letter: id, at };
      return messageFrom({ key: record.key, value, timestamp: at, meta: { lane: 'dead_letter' } }, undefined);
    });
    const { failed } = await sink.write(notes, signal);
    const [failure] = failed?.values() ?? [];
    if (failure) throw failure;
  });
}

/** A connector's sink while `work` runs, without any topology. */
export async function withSink<T>(
  plan: ConnectorPlan,
  environment: Environment,
  work: (sink: Sink) => Promise<T>,
): Promise<T> {
  return withConnector(plan, environment, async (connector) => {
    const sink = connector.sink?.(defaultUsage(plan.declaration.sink), loneRole(plan, 'sink', environment));
    if (!sink) throw new FdpError('FDP_NOT_SUPPORTED', `${plan.name}: ${plan.declaration.type} cannot be written to`);
    try {
      await sink.connect(new AbortController().signal);
      return await work(sink);
    } finally {
      await sink.close();
    }
  });
}

/** A connector while `work` runs, without any topology. */
export async function withConnector<T>(
  { name, declaration, options }: ConnectorPlan,
  environment: Environment,
  work: (connector: Connector) => Promise<T>,
): Promise<T> {
  const connector = await declaration.create(options, { ...environment, name });
  try {
    return await work(connector);
  } finally {
    await connector.close();
  }
}
