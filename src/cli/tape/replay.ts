import { resolve as resolvePath } from 'node:path';
import { speedOf } from '../../kit/replay.ts';
import { startedTopologies } from '../../pipeline/give/resolve.ts';
import { knownSecrets, secretsOf } from '../../pipeline/give/secrets.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec, TopologySpec } from '../../pipeline/spec.ts';
import { readManifest } from '../../simulate/recording/manifest.ts';
import { checkTape } from '../../simulate/recording/read.ts';
import { resolveProcess } from '../shared/process-settings.ts';
import { usageOf } from '../shared/usage.ts';
import { readVersion } from '../shared/version.ts';
import { problemText, type SpecRequest } from '../validate.ts';
import { specDigest } from './record.ts';
import { replayPlan } from './replay-plan.ts';
import { TapePlay } from './tape-play.ts';

export interface ReplayFlags {
  readonly speed: string;
  readonly data?: string;
  /** Ends once everything on the tape is processed. */
  readonly exit?: boolean;
}

const usage = usageOf('replay');

/**
 * `fdp replay FOLDER`: runs the topologies with a tape in the place of its log. Those that write into that log don't run. Time is the
 * tape's. Serves on after its end, until it is stopped.
 * @throws FDP_USAGE for a tape that is none, flags that don't fit, and when no topology reads its log; what `run` throws
 */
export async function replay(request: SpecRequest, folder: string, flags: ReplayFlags): Promise<number> {
  const path = resolvePath(request.folder, folder);
  const speed = speedOf(flags.speed);
  if (speed === undefined) throw usage(`--speed: expected 1x, 60x or max, got "${flags.speed}"`);
  const manifest = readManifest(path);
  await checkTape(path, manifest);
  const spec = readSpec(request);
  const topologies = spec.problems.size > 0 ? [] : played(spec, manifest.connector, request.topologies);
  const resolved = resolveProcess(spec, { topologies: topologies.map(({ name }) => name) });
  if (!resolved.plan) {
    process.stderr.write(problemText(resolved.problems, request.folder));
    return 2;
  }
  const data = flags.data === undefined ? undefined : resolvePath(request.folder, flags.data);
  const { plan: live } = resolved;
  const hasScreen = [...live.connectors.values()].some(({ declaration }) => declaration.logFile !== undefined);
  const beside = new TapePlay({
    ...{ manifest, path, speed, exits: flags.exit === true, hasScreen, isKept: data !== undefined },
    planned: () => replayPlan(live, manifest, data),
  });
  try {
    const { run } = await import('../run/run.ts');
    return await run({
      ...{ plan: beside.plan, profile: spec.profile, secrets: [...knownSecrets(spec)], version: readVersion() },
      ...{ env: spec.variables.all, mask: secretsOf(spec), plugins: request.components.pluginFiles },
      warnings:
        manifest.spec === specDigest(spec) ? [] : ['the pipeline is not the one that the tape was recorded with'],
      beside,
    });
  } finally {
    beside.end();
  }
}

/** The topologies that run: those that are asked for, else those that start, but none that writes into the log of the tape. */
function played(spec: Spec, log: string, asked: readonly string[] | undefined): readonly TopologySpec[] {
  const writes = ({ branches }: TopologySpec) => branches.some(({ sink }) => sink.connector?.name === log);
  const started = startedTopologies(spec, asked);
  const writer = asked && started.find(writes);
  if (writer) throw usage(`${writer.name} writes into ${log}, which the tape takes the place of`);
  return started.filter((topology) => !writes(topology));
}
