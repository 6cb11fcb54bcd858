import { hostname } from 'node:os';
import { seededChance } from '../engine/chance.ts';
import { systemClock } from '../engine/clock.ts';
import { type Environment, standardOutput } from '../engine/component.ts';
import type { Plan, TopologyPlan } from '../engine/plan.ts';
import { type RunResult, Runtime } from '../engine/runtime.ts';
import type { ProcessSnapshot } from '../engine/snapshot.ts';
import { FdpError } from '../errors.ts';
import { createLog, type Log, type LogLevel, logLevels } from '../observe/log.ts';
import { createPainter } from '../observe/painter.ts';
import { showStatus } from '../observe/status.ts';
import { type StartHints, startLines } from '../observe/status-line.ts';
import { failPointFrom } from './fail-point.ts';

export interface RunRequest {
  readonly plan: Plan;
  readonly profile: string | undefined;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Texts that must not appear in the log. */
  readonly secrets: readonly string[];
}

/**
 * Runs a plan in this process until every topology has ended, and resolves with the exit code. SIGINT and SIGTERM
 * drain, a second one forces. On a terminal a status line a topology is kept at the bottom; logs are JSON lines elsewhere.
 * @throws FDP_USAGE when LOG_LEVEL or FDP_FAIL_POINT can't be understood
 */
export async function run({ plan, profile, version, env, secrets }: RunRequest): Promise<number> {
  const painter = createPainter(
    writesOutput(plan) ? { write: (text) => process.stderr.write(text) } : process.stderr,
    env,
  );
  // Whatever ends the process gives the cursor back.
  process.once('exit', () => painter.end());
  const log = await createLog({
    level: logLevel(env['LOG_LEVEL']),
    destination: painter,
    pretty: painter.isActive,
    colour: painter.isActive && !env['NO_COLOR'],
  });
  log.mask(secrets);
  const environment = makeEnvironment(log, env);
  const runtime = new Runtime(plan, environment);
  const startedAt = environment.clock.now();
  const snapshot = (): ProcessSnapshot => {
    const topologies = runtime.snapshot();
    const ready = topologies.every((topology) => topology.ready);
    return { at: environment.clock.now(), pid: process.pid, host: hostname(), version, startedAt, ready, topologies };
  };
  const hints = hintsOf(plan, `fdp ${version}${profile ? `, profile ${profile}` : ''}`);
  if (painter.isActive) painter.write(`${startLines(hints, painter.width).join('\n')}\n\n`);
  else log.info({ version, profile, topologies: plan.topologies.map(({ name }) => name) }, `${hints.title}: starting`);

  const letGo = onSignals(runtime, log);
  const stopStatus = showStatus({ painter, clock: environment.clock, snapshot });
  const result = await runtime.run();
  stopStatus();
  letGo();
  painter.end();
  report(result, log);
  log.flush();
  return result.exitCode;
}

function writesOutput(plan: Plan): boolean {
  return [...plan.connectors.values()].some(({ declaration, options }) =>
    declaration.claims?.(options).includes(standardOutput),
  );
}

function makeEnvironment(log: Log, env: RunRequest['env']): Environment {
  return {
    clock: systemClock,
    // Jitter must differ between processes that were started together.
    chance: seededChance(process.pid ^ Math.floor(systemClock.now())),
    log,
    failPoint: failPointFrom(env['FDP_FAIL_POINT'], () => process.kill(process.pid, 'SIGKILL')),
  };
}

function logLevel(wanted: string | undefined): LogLevel {
  const level = wanted || 'info';
  const known = logLevels.find((each) => each === level);
  if (known === undefined)
    throw new FdpError('FDP_USAGE', `LOG_LEVEL: expected ${logLevels.join(', ')}, got "${level}"`);
  return known;
}

function onSignals(runtime: Runtime, log: Log): () => void {
  let asked = 0;
  const stop = (signal: NodeJS.Signals) => {
    asked++;
    log.info({ signal }, asked === 1 ? `${signal}: stopping, once more to force` : `${signal}: forced`);
    if (asked === 1) runtime.drain();
    else runtime.force();
  };
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}

function report({ exitCode, unfinished }: RunResult, log: Log): void {
  for (const { topology, node, messages, oldestMs } of unfinished)
    log.warn(
      { topology, node, messages, oldest_ms: oldestMs },
      `forced: ${topology}/${node} left ${messages} messages unfinished, the oldest for ${oldestMs} ms; what is in a log will be read again`,
    );
  if (exitCode === 0) log.info({}, 'stopped cleanly');
}

function hintsOf(plan: Plan, title: string): StartHints {
  const { topologies } = plan;
  return {
    title,
    topologies: topologies.map(({ name, description }) => ({ name, description })),
    look: topologies.flatMap((topology) => looksOf(plan, topology)),
  };
}

/** Where a person can look at a topology: its first route without a parameter, or what its servers offer. */
function looksOf(plan: Plan, topology: TopologyPlan): StartHints['look'] {
  const names = [topology.source.connector, ...topology.branches.map(({ connector }) => connector)];
  const [path = ''] = topology.routes
    .map(({ route }) => route.replace(/^\S+ /, ''))
    .filter((route) => !route.includes('{'));
  return names.flatMap((name) => {
    const connector = plan.connectors.get(name);
    const address = connector?.declaration.address?.(connector.options);
    return address === undefined ? [] : [{ what: topology.name, address: `${address}${path}` }];
  });
}
