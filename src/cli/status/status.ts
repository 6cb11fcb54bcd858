import { errorText, FdpError } from '../../errors.ts';
import { linkedAbort, systemClock } from '../../kit/clock.ts';
import type { StatusReport } from '../../kit/snapshot.ts';
import { createPainter } from '../../observe/painter.ts';
import { type StatusReader, statusReader } from '../../observe/status-reader.ts';
import { resolveStatus } from '../../pipeline/give/resolve.ts';
import { readSpec } from '../../pipeline/read.ts';
import { outputGone, print } from '../shared/output.ts';
import { programName } from '../shared/program.ts';
import { quietEnvironment } from '../shared/quiet.ts';
import { stopSignals } from '../shared/signals.ts';
import { problemsJson, problemText, type SpecRequest } from '../validate.ts';
import { statusPage } from './page.ts';
import { statusSummary } from './summary.ts';

export interface StatusFlags {
  /** Graphs, nodes and options as well. */
  readonly all?: boolean;
  readonly watch?: boolean;
  readonly json?: boolean;
}

/** The interval of `--watch`, ms. */
const everyMs = 1000;

/**
 * `fdp status`: prints the reports of all processes that reported in the last ten seconds, on any machine.
 * With `watch` repeats it every second until SIGINT, SIGTERM or SIGHUP. Returns 0; 1 if the table can't be read, 2 if
 * the pipeline is wrong.
 * @throws FDP_USAGE when the pipeline has no status table
 */
export async function status(request: SpecRequest, flags: StatusFlags): Promise<number> {
  const { connector, problems } = resolveStatus(readSpec(request));
  if (problems.length > 0) {
    if (flags.json) print(problemsJson(problems));
    else process.stderr.write(problemText(problems, request.folder));
    return 2;
  }
  if (!connector) throw new FdpError('FDP_USAGE', 'status: the pipeline has no status table: set `settings.status`');
  const environment = await quietEnvironment();
  const reader = statusReader(connector, environment);
  try {
    if (flags.watch) await watch(reader, flags);
    else show(flags, await reader.read(), undefined);
    return 0;
  } finally {
    await reader.close();
  }
}

/** The report as text. */
function linesOf(
  { all = false, watch = false }: StatusFlags,
  reports: readonly StatusReport[],
  { before, width }: { readonly before: readonly StatusReport[] | undefined; readonly width: number | undefined },
): readonly string[] {
  const options = { before, now: systemClock.now(), width };
  return all ? statusPage(reports, { ...options, withOptions: !watch }) : statusSummary(reports, options);
}

function show(flags: StatusFlags, reports: readonly StatusReport[], before: readonly StatusReport[] | undefined): void {
  const { columns } = process.stdout;
  const text = flags.json
    ? JSON.stringify({ processes: reports })
    : linesOf(flags, reports, { before, width: columns }).join('\n');
  print(`${text}\n`);
}

/** Repaints a terminal; elsewhere, and as JSON, reports follow one another. Ends when the reader closes the output. */
async function watch(reader: StatusReader, flags: StatusFlags): Promise<void> {
  const { controller } = linkedAbort(outputGone);
  const stop = () => controller.abort();
  const painter = createPainter(flags.json ? { write: () => true } : process.stdout, process.env);
  for (const signal of stopSignals) process.once(signal, stop);
  let before: readonly StatusReport[] | undefined;
  while (!controller.signal.aborted) {
    try {
      const reports = await reader.read();
      if (painter.isActive) painter.paint(linesOf(flags, reports, { before, width: painter.width }));
      else show(flags, reports, before);
      before = reports;
    } catch (error) {
      process.stderr.write(`${programName()}: status: ${errorText(error)}\n`);
    }
    await systemClock.sleep(everyMs, controller.signal);
  }
  painter.end();
}
