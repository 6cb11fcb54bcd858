import type { Limits } from '../../engine/plan.ts';
import { statusTable as required } from '../../kit/snapshot.ts';
import { durationMs, sizeBytes } from '../../kit/units.ts';
import { beginOf, type SourceFile, type SourceRange } from '../read/source.ts';
import { asMap, type Entry } from '../read/tree.ts';
import type { ConnectorSpec, NameSpec, SettingsSpec } from '../spec.ts';
import type { Context } from './context.ts';
import { checkTree } from './schema.ts';
import { limitsSchema, noDeadLetter, settingsSchema } from './structure.ts';
import { findConnector, readName } from './uses.ts';

/** The schema of `settings`, which fills in the limits as well. */
export const completeSettings = {
  ...settingsSchema,
  properties: { ...settingsSchema.properties, limits: { ...limitsSchema, default: {} } },
};

/** The defaults of the schemas, for settings that can't be used. */
const lacking = { dead_letter: undefined, shutdown: '5s', write_timeout: '15s', limits: {} };

interface SettingsValue {
  readonly shutdown: string;
  readonly write_timeout: string;
  readonly limits: Readonly<Record<string, string | number>>;
}

/** Reads `settings`; they hold for every topology. */
export function readSettings(
  entry: Entry | undefined,
  main: SourceFile,
  context: Context,
): Omit<SettingsSpec, 'deadLetter' | 'status'> {
  const tree = asMap(entry?.value);
  const { problems, folder } = context;
  const owner: SourceRange = entry?.key ?? beginOf(main);
  const checked = checkTree(tree, { schema: completeSettings, subject: 'settings', owner, problems, folder });
  const { shutdown, write_timeout, limits } = (checked.valid ? checked.value : lacking) as SettingsValue;
  return {
    tree,
    value: checked.value,
    shutdownMs: durationMs(shutdown),
    writeTimeoutMs: durationMs(write_timeout),
    limits: limitsOf(limits),
  };
}

function limitsOf(limits: Readonly<Record<string, string | number>>): Limits {
  const { lane_batches, lane_bytes, topology_batches, topology_bytes } = limitsSchema.properties;
  const number = (name: string, otherwise: number) => Number(limits[name] ?? otherwise);
  const bytes = (name: string, otherwise: string) => sizeBytes(String(limits[name] ?? otherwise));
  return {
    laneBatches: number('lane_batches', lane_batches.default),
    laneBytes: bytes('lane_bytes', lane_bytes.default),
    topologyBatches: number('topology_batches', topology_batches.default),
    topologyBytes: bytes('topology_bytes', topology_bytes.default),
  };
}

/** The connectors that the settings name, which are known only after the connectors were read. */
export function readSettingsNames(
  entry: Entry | undefined,
  connectors: ReadonlyMap<string, ConnectorSpec>,
  context: Context,
): Pick<SettingsSpec, 'deadLetter' | 'status'> {
  const user = { subject: 'settings', connectors, context };
  const settings = asMap(entry?.value)?.entries;
  const deadLetter = readName(settings?.get('dead_letter'));
  const status = readName(settings?.get('status'));
  const isNamed = deadLetter !== undefined && deadLetter.name !== noDeadLetter;
  const target = isNamed ? findConnector(deadLetter, 'sink', user) : undefined;
  return {
    deadLetter: target ? deadLetter : undefined,
    status: status && statusTable(status, user) ? status.name : undefined,
  };
}

function statusTable(status: NameSpec, user: Parameters<typeof findConnector>[2]): ConnectorSpec | undefined {
  const found = findConnector(status, 'sink', user);
  if (found?.declaration && found.declaration.family !== 'table') {
    user.context.problems.add(status.range, `"${status.name}" (${found.declaration.type}) is not a table`, {
      subject: user.subject,
      hint: 'status: the connector of a table',
    });
    return undefined;
  }
  if (found?.valid && !keepsReports(found.options)) {
    const fields = Object.entries(required.fields).map(([field, type]) => `${field}: ${type}`);
    user.context.problems.add(status.range, `"${status.name}" cannot store the reports of processes`, {
      subject: user.subject,
      hint: `give it fields: { ${fields.join(', ')} } and unique: ${required.unique}`,
    });
    return undefined;
  }
  return found;
}

/** A table without declared fields keeps any. */
function keepsReports(options: unknown): boolean {
  const { fields, unique } = options as {
    readonly fields?: Readonly<Record<string, string>>;
    readonly unique?: string;
  };
  const isKept = ([field, type]: [string, string]) => fields === undefined || fields[field] === type;
  return unique === required.unique && Object.entries(required.fields).every(isKept);
}
