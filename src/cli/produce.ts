import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { errorText, FdpError } from '../errors.ts';
import type { Environment } from '../kit/environment.ts';
import { parseJson } from '../kit/json.ts';
import { type Message, toMessage as messageFrom } from '../kit/message.ts';
import { suggestion } from '../kit/names.ts';
import type { Sink } from '../kit/sink.ts';
import { resolveConnectors } from '../pipeline/give/resolve.ts';
import { readSpec } from '../pipeline/read.ts';
import { withSink } from './dead-letters/letters.ts';
import { quietEnvironment } from './shared/quiet.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from './validate.ts';

/** Messages of one write. */
const batchSize = 500;
/** The largest input of `--whole`, in bytes. */
const maxWhole = 64 * 1024 * 1024;

export interface ProduceFlags {
  readonly key?: string;
  readonly whole?: boolean;
}

/**
 * `fdp produce CONNECTOR`: appends the standard input to a log: one JSON value per line, or with `whole` all of
 * it as one message, whatever its content.
 * @throws FDP_USAGE if there is no such log, FDP_MESSAGE_INVALID for a line that is not JSON, and what the log throws;
 * each
 *   says how many messages are in the log
 */
export async function produce(
  request: SpecRequest,
  { name, input, key, whole = false }: ProduceFlags & { readonly name: string; readonly input: Readable },
): Promise<CommandResult> {
  const spec = readSpec(request);
  const connector = spec.connectors.get(name);
  const logs = [...spec.connectors.values()].filter(({ declaration }) => declaration?.family === 'log');
  if (spec.problems.size === 0 && (!connector || !logs.includes(connector)))
    throw new FdpError(
      'FDP_USAGE',
      connector
        ? `produce: ${name} is not a log; the logs are ${logs.map((each) => each.name).join(', ')}`
        : `produce: there is no connector "${name}": ${suggestion(
            name,
            logs.map((each) => each.name),
            'logs',
          )}`,
    );
  const { connectors, problems } = resolveConnectors(spec, connector ? [connector] : []);
  const [plan] = connectors;
  if (!plan) return wrongPipeline(problems, request);
  const environment = await quietEnvironment();
  let count = 0;
  const many = () => `${count} ${count === 1 ? 'message' : 'messages'}`;
  try {
    await withSink(plan, environment, async (sink) => {
      for await (const values of whole ? wholeOf(input) : linesOf(input)) {
        await write(sink, environment, { values, key: key ?? null });
        count += values.length;
      }
    });
  } catch (error) {
    const text = `produce: ${errorText(error)} (${many()} put into ${name})`;
    throw new FdpError(error instanceof FdpError ? error.code : 'FDP_INTERNAL', text, { cause: error });
  }
  return { text: `${many()} put into ${name}\n`, exitCode: 0 };
}

async function* wholeOf(input: Readable): AsyncGenerator<readonly Uint8Array[]> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of input) {
    chunks.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes > maxWhole) throw new FdpError('FDP_MESSAGE_REFUSED', `the input is larger than ${maxWhole} bytes`);
  }
  yield [Buffer.concat(chunks)];
}

/** Lines unchanged, after checking that each is JSON; empty ones are left out. */
async function* linesOf(input: Readable): AsyncGenerator<readonly string[]> {
  let values: string[] = [];
  let number = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number++;
    if (line.trim() === '') continue;
    try {
      parseJson(line);
    } catch (cause) {
      yield values;
      const text = `line ${number}: ${errorText(cause)}; --whole appends the input as it is`;
      throw new FdpError('FDP_MESSAGE_INVALID', text, { cause });
    }
    values.push(line);
    if (values.length < batchSize) continue;
    yield values;
    values = [];
  }
  if (values.length > 0) yield values;
}

interface Values {
  readonly values: readonly (string | Uint8Array)[];
  readonly key: string | null;
}

async function write(sink: Sink, { clock }: Environment, { values, key }: Values): Promise<void> {
  const timestamp = clock.now();
  const messages: readonly Message[] = values.map((value) =>
    messageFrom({ key, value, timestamp, meta: { lane: 'produce' } }, undefined),
  );
  if (messages.length === 0) return;
  const { failed } = await sink.write(messages, new AbortController().signal);
  const [failure] = failed?.values() ?? [];
  if (failure) throw failure;
}
