import { resolve as resolvePath } from 'node:path';
import { linkedAbort, systemClock } from '../../kit/clock.ts';
import type { Environment } from '../../kit/environment.ts';
import { speedOf } from '../../kit/replay.ts';
import type { TopologySnapshot } from '../../kit/snapshot.ts';
import { startedTopologies } from '../../pipeline/give/resolve.ts';
import { knownSecrets, secretsOf } from '../../pipeline/give/secrets.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec, TopologySpec } from '../../pipeline/spec.ts';
import type { MemoryLogStore } from '../../simulate/memory/log-store.ts';
import { type Manifest, readManifest } from '../../simulate/recording/manifest.ts';
import { Player } from '../../simulate/recording/player.ts';
import { checkTape, readTape } from '../../simulate/recording/read.ts';
import type { Beside } from '../run/beside.ts';
import { run } from '../run/run.ts';
import { resolveProcess } from '../shared/process-settings.ts';
import { usageOf } from '../shared/usage.ts';
import { readVersion } from '../shared/version.ts';
import { problemText, type SpecRequest } from '../validate.ts';
import { specDigest } from './record.ts';
import { replayKeys } from './replay-keys.ts';
import { replayPlan } from './replay-plan.ts';

export interface ReplayFlags {
  readonly speed: string;
  readonly data?: string;
  /** Ends once everything on the tape is processed. */
  readonly exit?: boolean;
}

const usage = usageOf('replay');
/** How often it is checked whether the topologies are ready, or done, ms. */
const checkMs = 50;
/** What the log keeps of what was read. */
const kept = { retentionMs: Number.MAX_SAFE_INTEGER, maxBytes: 64 * 1024 ** 2, step: 1000 };
/** After so many messages the oldest are removed, if there are more than it keeps. */
const trimEvery = 1000;

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
  const { plan, store, dispose } = replayPlan(resolved.plan, manifest, data);
  const hasScreen = [...plan.connectors.values()].some(({ declaration }) => declaration.logFile !== undefined);
  const playing = { manifest, path, store, speed, exits: flags.exit === true, hasScreen };
  try {
    return await run({
      ...{ plan, profile: spec.profile, secrets: [...knownSecrets(spec)], version: readVersion() },
      ...{ env: spec.variables.all, mask: secretsOf(spec), plugins: request.components.pluginFiles },
      warnings:
        manifest.spec === specDigest(spec) ? [] : ['the pipeline is not the one that the tape was recorded with'],
      beside: tapeBeside(playing),
    });
  } finally {
    dispose();
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

export interface Playing {
  readonly manifest: Manifest;
  readonly path: string;
  readonly store: (environment: Environment) => MemoryLogStore;
  readonly speed: number | 'max';
  readonly exits: boolean;
  /** A screen takes the terminal, and its keys. */
  readonly hasScreen: boolean;
}

/** The tape's time for the process, and the tape itself, once all topologies run. */
export function tapeBeside({ manifest, path, store: open, speed, exits, hasScreen }: Playing): Beside {
  let waiting = () => 0;
  let log: MemoryLogStore | undefined;
  let appended = 0;
  const { controller } = linkedAbort();
  const player = new Player({
    ...{ clock: systemClock, manifest, speed },
    append: async (record) => {
      await log?.append([record], controller.signal);
      if (++appended % trimEvery === 0) await log?.trim(kept);
    },
    waiting: () => waiting(),
  });
  return {
    // The tape's time for whoever asks what time it is; what takes so long takes as long as ever.
    clock: { ...systemClock, now: () => Math.floor(player.now()) },
    replay: player,
    start: async ({ runtime, environment }) => {
      const { signal } = controller;
      const snapshot = (): readonly TopologySnapshot[] => runtime.snapshot();
      const until = async (holds: () => boolean) => {
        while (!holds() && !signal.aborted) await systemClock.sleep(checkMs, signal);
      };
      waiting = () => Math.max(0, ...snapshot().map(({ state, lag = 0 }) => (state === 'running' ? lag : 0)));
      const stopKeys = hasScreen ? () => {} : replayKeys(player, environment);
      try {
        await until(() => snapshot().every(({ state }) => state !== 'starting' && state !== 'standby'));
        log = open(environment);
        await log.open();
        await player.play(readTape(path, manifest), signal);
        if (signal.aborted) return;
        environment.log.info({ messages: manifest.messages }, 'the tape is at its end');
        await until(() => snapshot().every(({ inFlight, lag = 0 }) => inFlight === 0 && lag === 0));
        if (exits && !signal.aborted) runtime.drain();
      } finally {
        stopKeys();
      }
    },
    stop: () => controller.abort(),
  };
}
