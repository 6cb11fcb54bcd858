import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectors } from '../../../connectors/index.ts';
import { operators } from '../../../operators/index.ts';
import { withSink } from '../../../src/cli/letters.ts';
import { quietEnvironment } from '../../../src/cli/quiet.ts';
import type { SpecRequest } from '../../../src/cli/validate.ts';
import { type SourceMessage, toMessage } from '../../../src/kit/message.ts';
import { resolveConnectors } from '../../../src/pipeline/give/resolve.ts';
import { readSpec } from '../../../src/pipeline/read.ts';

export type Written = Partial<Pick<SourceMessage, 'key' | 'timestamp'>> & { readonly value: unknown };

/** A pipeline of one log, `ticks`, in a file below a folder. */
export function logPipeline(folder: string, type = `sqlite_log, path: ${join(folder, 'log.db')}`): SpecRequest {
  const pipelinePath = join(folder, 'pipeline.yml');
  const text = `connectors:
  ticks: { type: ${type}, topic: raw_stock_ticks, partitions: 3 }
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
