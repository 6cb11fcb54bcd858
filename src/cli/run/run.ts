import type { Plan, TopologyPlan } from '../../engine/plan.ts';
import { type RunResult, Runtime } from '../../engine/runtime.ts';
import { seededChance } from '../../kit/chance.ts';
import { type Clock, endedWithin, systemClock } from '../../kit/clock.ts';
import { standardOutput } from '../../kit/declaration.ts';
import type { Environment, Platform } from '../../kit/environment.ts';
import type { Figures } from '../../kit/figures.ts';
import { instanceName } from '../../kit/instance.ts';
import type { Reconciler } from '../../kit/reconciler.ts';
import { isScreen } from '../../kit/screen.ts';
import type { ProcessSnapshot } from '../../kit/snapshot.ts';
import { createLog, type Log, type LogDestination, logLevel } from '../../observe/log.ts';
import { secretMask } from '../../observe/mask.ts';
import { startObserveServer } from '../../observe/observe-server.ts';
import { createPainter } from '../../observe/painter.ts';
import { processSnapshots } from '../../observe/process.ts';
import { showStatus } from '../../observe/status.ts';
import { type StartHints, startLines } from '../../observe/status-line.ts';
import { type StatusReader, statusReader } from '../../observe/status-reader.ts';
import { describeTopologies, type OptionMask, statusRow } from '../../observe/status-report.ts';
import { writeStatus } from '../../observe/status-writer.ts';
import { failPointFrom } from '../fail-point.ts';
import { boundHeapGrowth } from '../shared/heap.ts';
import { stopOnSignals } from '../shared/signals.ts';
import { type Beside, runWith } from './beside.ts';
import { endInTime, nodesOf } from './left-open.ts';
import { type LogFile, openLogFile } from './log-file.ts';
import { Starts } from './starts.ts';
import { watchUncaught } from './uncaught.ts';

export interface RunRequest {
  readonly plan: Plan;
  readonly profile: string | undefined;
  readonly version: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Texts that must not appear in the log. */
  readonly secrets: readonly string[];
  /** What is probably not meant so in the pipeline, a line each. */
  readonly warnings?: readonly string[];
  /** Hides secrets in options. */
  readonly mask: OptionMask;
  readonly beside?: Beside;
  /** Compares tables of the pipeline; left out where none is asked to. */
  reconciler?(environment: Environment): Reconciler;
  /** The file of each plugin, by its name: errors that nothing catches are traced to it. */
  readonly plugins?: ReadonlyMap<string, string> | undefined;
}

/** How long status, metrics and health may take to end, ms. */
const endMs = 5000;
const forcedExitCode = 3;

/**
 * Runs a plan in this process until every topology has ended, and resolves with the exit code. SIGINT, SIGTERM and
 * SIGHUP drain, a second one forces. On a terminal a status line per topology is kept at the bottom; elsewhere logs are
 * JSON lines. An error that nothing catches forces it, with exit code 1. Metrics and health are served, and the status table is written, until everything has ended.
 * @throws FDP_USAGE when LOG_LEVEL, OBSERVE_*, FDP_INSTANCE or FDP_FAIL_POINT can't be understood
 * @throws FDP_PORT_IN_USE, FDP_REFUSED, FDP_CONNECT_FAILED when nothing can be served on OBSERVE_PORT of OBSERVE_HOST
 */
export async function run(request: RunRequest): Promise<number> {
  const { plan, profile, version, env, secrets } = request;
  boundHeapGrowth();
  const logFile = screenLog(plan, env);
  const painter = createPainter(logFile ?? (writesOutput(plan) ? bare(process.stderr) : process.stderr), env);
  // However the process ends, the cursor is shown again.
  process.once('exit', () => painter.end());
  const instance = instanceName(env);
  const log = await createLog({
    instance,
    level: logLevel(env['LOG_LEVEL']),
    destination: painter,
    pretty: painter.isActive,
    colour: painter.isActive && !env['NO_COLOR'],
  });
  log.mask(secrets);
  const hidden = secretMask();
  hidden.add(secrets);
  const environment = { ...makeEnvironment(log, env, request.beside?.clock), mask: hidden.text };
  const reader = readsStatus(plan, environment);
  const { clock } = environment;
  const snapshot = processSnapshots({ clock, version, mask: hidden.text, topologies: () => runtime.snapshot() });
  const ownReport = reportOf(request, snapshot);
  const platform: Platform = {
    snapshot,
    report: ownReport,
    stop: () => runtime.drain(),
    ...(reader && { reports: () => reader.read() }),
    // Others report in another time.
    ...(request.beside && { replay: request.beside.replay, reports: async () => [ownReport()] }),
    ...(logFile?.path !== undefined && { logFile: logFile.path }),
  };
  const reconciler = request.reconciler?.(environment);
  const parts = { ...environment, platform, ...(reconciler && { reconciler }) };
  const runtime: Starts = new Starts(plan, (each) => new Runtime(each, parts));
  const wasUncaught = watchUncaught({ log, plugins: request.plugins, stop: () => runtime.force() });
  // Before anything is logged: a reader of the log may send a signal.
  const letGo = stopOnSignals(runtime, { clock, log, env: process.env });
  const observe = await startObserveServer({
    env,
    log,
    clock,
    snapshot,
    figuresOf: figuresOf(plan),
    mayMove: onlyDisplays(plan),
  });
  const hints = hintsOf(plan, `fdp ${version}${profile ? `, profile ${profile}` : ''}`, observe.address);
  if (painter.isActive) painter.write(`${startLines(hints, painter.width).join('\n')}\n\n`);
  else log.info({ version, profile, topologies: plan.topologies.map(({ name }) => name) }, `${hints.title}: starting`);

  for (const warning of request.warnings ?? []) log.warn({}, warning);
  const stopStatus = showStatus({ painter, clock, snapshot });
  const stopReports = reportStatus(plan, { environment, report: ownReport });
  const result = await runWith(runtime, environment, request.beside);
  const exitCode = wasUncaught() ? 1 : result.exitCode;
  stopStatus();
  await endedWithin(clock, endMs, Promise.all([stopReports(), reader?.close(), observe.close()]));
  letGo();
  painter.end();
  report({ ...result, exitCode }, log);
  // After a forced stop nothing is waited for.
  const name = (text: string) => log.warn({}, text);
  endInTime({ exitCode, nodes: nodesOf(snapshot()), waits: result.exitCode !== forcedExitCode, name });
  log.flush();
  for (const error of logFile?.errors ?? []) process.stderr.write(`${error}\n`);
  return exitCode;
}

/** What the components of a plan count, by their type. */
function figuresOf({ connectors, topologies }: Plan): (type: string) => Figures {
  const operators = topologies.flatMap((topology) =>
    [topology, ...topology.branches, ...topology.routes].flatMap((chain) => chain.operators),
  );
  const declared = [...connectors.values(), ...operators].map(({ declaration }) => declaration);
  const figures = new Map(declared.map((each) => [each.type, each.figures ?? {}]));
  return (type) => figures.get(type) ?? {};
}

/** The log file used when a connector takes over the terminal; its path is shown at the start and at the end. */
function screenLog(plan: Plan, env: RunRequest['env']): LogFile | undefined {
  if (!isScreen(process.stdout, env)) return undefined;
  const [path] = [...plan.connectors.values()].flatMap(
    ({ declaration, options }) => declaration.logFile?.(options) ?? [],
  );
  if (path === undefined) return undefined;
  const file = openLogFile(path);
  const say = () => process.stderr.write(`${file.notice}\n`);
  say();
  process.once('exit', say);
  return file;
}

/** The stream as if it were not a terminal. */
function bare(stream: NodeJS.WritableStream): LogDestination {
  return { write: (text) => stream.write(text) };
}

function writesOutput(plan: Plan): boolean {
  return [...plan.connectors.values()].some(({ declaration, options }) =>
    declaration.claims?.(options).includes(standardOutput),
  );
}

/** Whether all topologies only display on this terminal, beside other processes. */
function onlyDisplays({ topologies, connectors }: Plan): boolean {
  return topologies.every(({ branches }) =>
    branches.some(({ connector }) => connectors.get(connector)?.declaration.logFile !== undefined),
  );
}

/** The status table's reader, for screens that show all processes; undefined if the pipeline has no such table. */
function readsStatus(plan: Plan, environment: Environment): StatusReader | undefined {
  const connector = plan.status === undefined ? undefined : plan.connectors.get(plan.status);
  return connector && statusReader(connector, environment);
}

/** Reports to the status table, if the pipeline has one; the returned function reports a last time and stops. */
function reportStatus(
  plan: Plan,
  { environment, report }: { readonly environment: Environment; readonly report: Platform['report'] },
): () => Promise<void> {
  const connector = plan.status === undefined ? undefined : plan.connectors.get(plan.status);
  if (!connector) return async () => {};
  return writeStatus({ connector, environment, row: () => statusRow(report()) });
}

function reportOf({ plan, profile, mask }: RunRequest, snapshot: () => ProcessSnapshot): Platform['report'] {
  const about = { pipeline: plan.name, ...(profile ? { profile } : {}), topologies: describeTopologies(plan, mask) };
  return () => ({ ...about, process: snapshot() });
}

function makeEnvironment(log: Log, env: RunRequest['env'], clock: Clock = systemClock): Environment {
  return {
    clock,
    // Jitter must differ between processes that were started together.
    chance: seededChance(process.pid ^ Math.floor(systemClock.now())),
    log,
    failPoint: failPointFrom(env['FDP_FAIL_POINT'], () => process.kill(process.pid, 'SIGKILL')),
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

function hintsOf(plan: Plan, title: string, observe: string): StartHints {
  const { topologies } = plan;
  return {
    title,
    topologies: topologies.map(({ name, description }) => ({ name, description })),
    addresses: [
      ...topologies.flatMap((topology) => addressesOf(plan, topology)),
      { what: 'metrics', address: `${observe}/metrics` },
      { what: 'health', address: `${observe}/health/ready` },
    ],
  };
}

/** Where a person can see a topology: its first route without a parameter, or the addresses of its servers. */
function addressesOf(plan: Plan, topology: TopologyPlan): StartHints['addresses'] {
  const sinks = topology.branches.map(({ connector }) => ({ name: connector, role: 'sink' as const }));
  const uses = [{ name: topology.source.connector, role: 'source' as const }, ...sinks];
  const [path = ''] = topology.routes
    .map(({ route }) => route.replace(/^\S+ /, ''))
    .filter((route) => !route.includes('{'));
  return uses.flatMap(({ name, role }) => {
    const connector = plan.connectors.get(name);
    const address = connector?.declaration.address?.(connector.options, role);
    return address === undefined ? [] : [{ what: topology.name, address: `${address}${path}` }];
  });
}
