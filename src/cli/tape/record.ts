import { createHash } from 'node:crypto';
import { resolve as resolvePath } from 'node:path';
import { firstValueFrom, toArray } from 'rxjs';
import { parse } from 'yaml';
import { loneRole } from '../../engine/lone-role.ts';
import type { ConnectorPlan } from '../../engine/plan.ts';
import { FdpError } from '../../errors.ts';
import { linkedAbort } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import { suggestion } from '../../kit/names.ts';
import type { Lane } from '../../kit/source.ts';
import { unitFormats } from '../../kit/units.ts';
import { describeConfig } from '../../pipeline/give/describe.ts';
import { resolveConnectors } from '../../pipeline/give/resolve.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec } from '../../pipeline/spec.ts';
import type { Manifest } from '../../simulate/recording/manifest.ts';
import { mergedByTime } from '../../simulate/recording/merge.ts';
import { writeTape } from '../../simulate/recording/write.ts';
import { withConnector } from '../dead-letters/letters.ts';
import { jsonResult } from '../shared/json-result.ts';
import { outputGone } from '../shared/output.ts';
import { quietEnvironment } from '../shared/quiet.ts';
import { stopSignals } from '../shared/signals.ts';
import { timeOfFlag, usageOf } from '../shared/usage.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from '../validate.ts';

export interface RecordFlags {
  readonly from: string;
  readonly since?: string;
  readonly to?: string;
  readonly symbol?: string;
  readonly output: string;
  readonly json?: boolean;
}

const usage = usageOf('record');

/** A writer of a partition may be so far behind the others, ms: what it kept while it could not reach the log comes late. */
const lateMs = 3_600_000;

/**
 * `fdp record`: a part of a log as a tape. Exit code 2 if no message is in range: nothing is written then.
 * @throws FDP_USAGE for an unknown log, an invalid time, and a folder that is there; FDP_REFUSED, FDP_DISK_FULL if it can't be written;
 *   FDP_CLOSED when it is stopped; what the log throws
 */
export async function record(request: SpecRequest, flags: RecordFlags): Promise<CommandResult> {
  const spec = readSpec(request);
  const { connectors, problems } = resolveConnectors(spec, logNamed(spec, flags.from));
  const [log] = connectors;
  if (!log) return wrongPipeline(problems, request);
  const environment = await quietEnvironment();
  const folder = resolvePath(request.folder, flags.output);
  const { controller } = linkedAbort(outputGone);
  const stop = () => controller.abort();
  for (const signal of stopSignals) process.once(signal, stop);
  try {
    const range = { ...rangeOf(flags, environment.clock.now()), signal: controller.signal };
    const manifest = await recordLog(log, {
      ...range,
      folder,
      spec: specDigest(spec),
      pipeline: spec.name,
      environment,
    });
    if (!manifest) return { text: `record: ${flags.from} has no message in this range\n`, exitCode: 2 };
    const text = `${manifest.messages} ${manifest.messages === 1 ? 'message' : 'messages'} of ${flags.from}, ${timeText(manifest)}, recorded in ${flags.output}\n`;
    return flags.json ? jsonResult(manifest) : { text, exitCode: 0 };
  } finally {
    for (const signal of stopSignals) process.off(signal, stop);
  }
}

function logNamed(spec: Spec, name: string) {
  if (spec.problems.size > 0) return [];
  const logs = [...spec.connectors.values()].filter(({ declaration }) => declaration?.family === 'log');
  const log = logs.find((each) => each.name === name);
  const known = logs.map((each) => each.name);
  if (!log) throw usage(`there is no log "${name}": ${suggestion(name, known, 'logs')}`);
  return [log];
}

/** `--since 1h` is one hour ago. */
function rangeOf({ since, to, symbol }: RecordFlags, now: number) {
  const back = since !== undefined && unitFormats.duration.pattern.test(since) ? `-${since}` : since;
  return {
    since: timeOfFlag(usage, 'since', back, now) ?? Number.NEGATIVE_INFINITY,
    to: timeOfFlag(usage, 'to', to, now) ?? Number.POSITIVE_INFINITY,
    symbol,
  };
}

function timeText({ from, to }: Manifest): string {
  return `${new Date(from).toISOString()} to ${new Date(to).toISOString()}`;
}

/** The SHA-256 of the resolved pipeline, secrets masked, as `fdp config --json` has it. */
export function specDigest(spec: Spec): string {
  const resolved: unknown = parse(describeConfig(spec, ''));
  return createHash('sha256').update(JSON.stringify(resolved)).digest('hex');
}

export interface Recording {
  readonly folder: string;
  /** Messages from this time on, Unix ms. */
  readonly since: number;
  /** Messages before this time, Unix ms. */
  readonly to: number;
  /** Only messages with this key. */
  readonly symbol?: string | undefined;
  readonly pipeline: string;
  readonly spec: string;
  readonly environment: Environment;
  readonly signal: AbortSignal;
}

/**
 * Records what a log holds when it is called into a folder; undefined if nothing of it is in range.
 * @throws what `writeTape` and the log throw
 */
export function recordLog(log: ConnectorPlan, recording: Recording): Promise<Manifest | undefined> {
  const { folder, since, to, symbol, pipeline, spec, environment, signal } = recording;
  return withConnector(log, environment, async (connector) => {
    const role = loneRole(log, 'source', environment);
    const source = connector.browse?.(role, Number.isFinite(since) ? since : undefined);
    if (!source) throw new FdpError('FDP_NOT_SUPPORTED', `${log.name}: ${log.declaration.type} cannot be recorded`);
    try {
      await source.connect(signal);
      const lanes = await firstValueFrom(source.lanes.pipe(toArray()));
      if (lanes.length === 0) return undefined;
      const { topicId, topic } = origin(lanes);
      return await writeTape(folder, {
        subject: {
          connector: log.name,
          topic,
          topic_id: topicId,
          pipeline,
          spec,
          ...(symbol !== undefined && { symbol }),
        },
        partitions: await rangesOf(lanes),
        records: mergedByTime(
          lanes,
          {
            isWanted: ({ timestamp, key }) =>
              timestamp >= since && timestamp < to && (symbol === undefined || key === symbol),
            isPast: ({ timestamp }) => timestamp >= to + lateMs,
          },
          signal,
        ),
        signal,
      });
    } finally {
      await source.close();
    }
  });
}

/** A lane of a log is `topic id/topic/partition`. */
function origin([lane]: readonly Lane[]): { readonly topicId: string; readonly topic: string } {
  const [topicId = '', ...rest] = lane?.id.split('/') ?? [];
  return { topicId, topic: rest.slice(0, -1).join('/') };
}

function rangesOf(lanes: readonly Lane[]) {
  return Promise.all(
    lanes.map(async ({ log }, partition) => {
      const { first, next } = (await log?.range()) ?? { first: 0, next: 0 };
      return { partition, first, next, messages: 0 };
    }),
  );
}
