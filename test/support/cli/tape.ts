import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { withSink } from '../../../src/cli/dead-letters/letters.ts';
import { quietEnvironment } from '../../../src/cli/shared/quiet.ts';
import { record } from '../../../src/cli/tape/record.ts';
import type { SpecRequest } from '../../../src/cli/validate.ts';
import { type SourceMessage, toMessage } from '../../../src/kit/message.ts';
import { resolveConnectors } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';

export type Written = Partial<Pick<SourceMessage, 'key' | 'timestamp'>> & { readonly value: unknown };

/** A pipeline of one log, `ticks`, in a file below a folder. */
export function logPipeline(
  folder: string,
  type = `sqlite_log, path: ${join(folder, 'log.db')}`,
  topic = 'raw_stock_ticks',
): SpecRequest {
  const pipelinePath = join(folder, 'pipeline.yml');
  const text = `connectors:
  ticks: { type: ${type}, topic: ${topic}, partitions: 3 }
  out: { type: stdout }
topologies: { flow: { source: { connector: ticks, group: flow }, sink: out } }
`;
  writeFileSync(pipelinePath, text);
  return { pipelinePath, profile: undefined, env: {}, components: { connectors, operators }, folder };
}

/** Appends messages to the log of a pipeline: bytes and text as they are, all else as JSON. */
export async function appended(request: SpecRequest, messages: readonly Written[]): Promise<void> {
  const spec = readSpec(request);
  const log = spec.connectors.get('ticks');
  const [plan] = resolveConnectors(spec, log ? [log] : []).connectors;
  if (!plan) throw new Error('the pipeline has no log "ticks"');
  const given = messages.map(({ key = null, timestamp = 1, value }) =>
    toMessage({ key, timestamp, value, meta: { lane: 'test' } }, undefined),
  );
  await withSink(plan, await quietEnvironment(), async (sink) => {
    const { failed } = await sink.write(given, new AbortController().signal);
    if (failed?.size) throw [...failed.values()][0];
  });
}

const symbols = ['AAPL', 'MSFT', 'TSLA', 'NVDA'];

/** Frames of trades as the ingestor writes them, one each 100 ms from this time on. */
export function frames(count: number, from: number): readonly Written[] {
  return Array.from({ length: count }, (_, at) => {
    const [key = '', timestamp] = [symbols[at % 4], from + at * 100];
    const trade = { s: key, p: 100 + (at % 13), t: timestamp - 5, v: 1 + (at % 7) };
    return { key, timestamp, value: { type: 'trade', data: [trade, { ...trade, p: trade.p + 0.25 }] } };
  });
}

/** Records frames of trades in a folder below another, and returns its path; `skip` messages before them are not on the tape. */
export async function tapeOf(
  folder: string,
  count: number,
  { from = 1_763_640_000_000, skip = 0 } = {},
): Promise<string> {
  const request = logPipeline(folder);
  await appended(request, [...frames(skip, from - 100 * skip), ...frames(count, from)]);
  await record(request, { from: 'ticks', output: 'tape', since: String(from) });
  return join(folder, 'tape');
}
