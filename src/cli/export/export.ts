import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { loneRole } from '../../engine/lone-role.ts';
import type { ConnectorPlan } from '../../engine/plan.ts';
import { errorText, FdpError } from '../../errors.ts';
import type { Environment } from '../../kit/environment.ts';
import type { Lookup, Query } from '../../kit/lookup.ts';
import { suggestion } from '../../kit/names.ts';
import type { Row } from '../../kit/row.ts';
import type { Columns } from '../../kit/row-text.ts';
import { resolveConnectors } from '../../pipeline/give/resolve.ts';
import { readSpec } from '../../pipeline/read.ts';
import { withConnector } from '../dead-letters/letters.ts';
import { outputGone } from '../shared/output.ts';
import { quietEnvironment } from '../shared/quiet.ts';
import { timeOfFlag, usageOf } from '../shared/usage.ts';
import { type CommandResult, type SpecRequest, wrongPipeline } from '../validate.ts';
import { type ExportFlags, encode } from './formats.ts';
import { type Selected, selectedRows, type TableOptions } from './rows.ts';

const usage = usageOf('export');

/**
 * `fdp export TABLE`: the rows of a table as a file, in bounded memory. The file appears when it is complete.
 * @throws FDP_USAGE for an unknown table or field, an invalid time, and for rows without a suitable index; FDP_REFUSED,
 *   FDP_DISK_FULL when the file can't be written; what the store throws
 */
export async function exportTable(
  request: SpecRequest,
  name: string,
  flags: ExportFlags,
  progress: (text: string) => void = () => {},
): Promise<CommandResult> {
  const spec = readSpec(request);
  const connector = spec.connectors.get(name);
  const tables = [...spec.connectors.values()].filter(({ declaration }) => declaration?.family === 'table');
  if (spec.problems.size === 0 && (!connector || !tables.includes(connector)))
    throw usage(
      `there is no table "${name}": ${suggestion(
        name,
        tables.map((each) => each.name),
        'tables',
      )}`,
    );
  const { connectors, problems } = resolveConnectors(spec, connector ? [connector] : []);
  const [plan] = connectors;
  if (!plan) return wrongPipeline(problems, request);
  const environment = await quietEnvironment();
  const options = plan.options as TableOptions;
  const { fields } = options;
  if (!fields) throw usage(`${name} declares no \`fields\`: nothing says which columns the file has`);
  const selected = select(name, fields, flags, environment.clock.now());
  const count = await withLookup(plan, environment, (lookup) => {
    const signal = outputGone;
    const pages = counted(selectedRows(name, options, { lookup, selected, signal }), selected.by, progress);
    return write(pages, Object.entries(fields), flags);
  });
  progress('');
  const { output } = flags;
  const text = output === undefined ? '' : `${count} ${count === 1 ? 'row' : 'rows'} of ${name} written to ${output}\n`;
  return { text, exitCode: 0 };
}

/** Parses the request, by the types of the table's fields. */
function select(name: string, fields: Readonly<Record<string, string>>, flags: ExportFlags, now: number): Selected {
  const conditions = [...(flags.symbol === undefined ? [] : [`symbol=${flags.symbol}`]), ...(flags.where ?? [])];
  const where: Record<string, unknown> = {};
  for (const condition of conditions) {
    const [, field = '', text = ''] = /^([^=]+)=(.*)$/s.exec(condition) ?? [];
    if (!Object.hasOwn(fields, field)) throw usage(noField(name, field || condition, fields));
    where[field] = readValue(field, fields[field] ?? '', text, now);
  }
  const dates = Object.keys(fields).filter((field) => fields[field] === 'date');
  const by = flags.by ?? dates[0];
  if (by !== undefined && !dates.includes(by))
    throw usage(`--by ${by}: expected a date field of ${name}: ${dates.join(', ') || 'it has none'}`);
  return { where, by, from: timeOfFlag(usage, 'from', flags.from, now), to: timeOfFlag(usage, 'to', flags.to, now) };
}

function noField(name: string, field: string, fields: object): string {
  return `${name} has no field "${field}": ${suggestion(field, Object.keys(fields), 'fields')}; expected FIELD=VALUE`;
}

function readValue(field: string, type: string, text: string, now: number): Query['where'][string] {
  if (type === 'date') return timeOfFlag(usage, field, text, now);
  if (type === 'boolean') return text === 'true';
  if (type !== 'int64' && type !== 'double') return text;
  if (text.trim() === '' || Number.isNaN(Number(text))) throw usage(`${field}: expected a number, got "${text}"`);
  return Number(text);
}

interface Counted {
  readonly pages: AsyncGenerator<readonly Row[]>;
  count(): number;
}

function counted(
  pages: AsyncIterable<readonly Row[]>,
  by: string | undefined,
  progress: (text: string) => void,
): Counted {
  let count = 0;
  async function* counting(): AsyncGenerator<readonly Row[]> {
    for await (const rows of pages) {
      count += rows.length;
      const at = by === undefined ? undefined : rows.at(-1)?.[by];
      progress(`${count} rows${typeof at === 'number' ? `, up to ${new Date(at).toISOString()}` : ''}`);
      yield rows;
    }
  }
  return { pages: counting(), count: () => count };
}

/** Writes the file under a temporary name until it is complete; returns the number of rows. */
async function write(rows: Counted, columns: Columns, { format, output }: ExportFlags): Promise<number> {
  const bytes = Readable.from(encode(format, columns, rows.pages));
  if (output === undefined) {
    await pipeline(bytes, process.stdout, { end: false, signal: outputGone });
    return rows.count();
  }
  const part = `${output}.part`;
  try {
    await pipeline(bytes, createWriteStream(part));
    await rename(part, output);
  } catch (error) {
    await rm(part, { force: true });
    if (error instanceof FdpError) throw error;
    const code = (error as NodeJS.ErrnoException).code === 'ENOSPC' ? 'FDP_DISK_FULL' : 'FDP_REFUSED';
    throw new FdpError(code, `export: ${output} can't be written: ${errorText(error)}`, { cause: error });
  }
  return rows.count();
}

export function withLookup<T>(
  plan: ConnectorPlan,
  environment: Environment,
  work: (lookup: Lookup) => Promise<T>,
): Promise<T> {
  return withConnector(plan, environment, async (connector) => {
    const lookup = connector.lookup?.(loneRole(plan, 'operator', environment));
    if (!lookup)
      throw new FdpError('FDP_NOT_SUPPORTED', `${plan.name}: ${plan.declaration.type} can't be looked up in`);
    try {
      await lookup.connect(outputGone);
      return await work(lookup);
    } finally {
      await lookup.close();
    }
  });
}
