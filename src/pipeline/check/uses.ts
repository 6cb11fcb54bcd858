import type { RoleDeclaration } from '../../kit/declaration.ts';
import { suggestion } from '../../kit/names.ts';
import type { Usage } from '../../kit/role.ts';
import type { SourceRange } from '../read/source.ts';
import { asMap, asText, type Entry, entryRange, isUnusable, type MapTree } from '../read/tree.ts';
import type { ConnectorSpec, NameSpec, RoleName, UseSpec } from '../spec.ts';
import type { Context } from './context.ts';
import { checkTree } from './schema.ts';

/** Who uses the connector. */
export interface User {
  /** The topology. */
  readonly subject: string;
  readonly connectors: ReadonlyMap<string, ConnectorSpec>;
  readonly context: Context;
}

/** Reads `name` or `{ connector: name, ...usage }`; `structural` names the keys beside the role's options. */
export function readUse(
  entry: Entry,
  role: RoleName,
  user: User & { readonly structural?: readonly string[] },
): UseSpec {
  const { structural = ['connector'] } = user;
  const map = asMap(entry.value);
  const named = map ? map.entries.get('connector') : entry;
  const range = named ? entryRange(named) : entry.key;
  const name = named && asText(named.value);
  const connector =
    name === undefined ? undefined : findConnector({ name, range, variables: variablesOf(named) }, role, user);
  const usage = connector ? readUsage(connector, map, { ...user, structural, role, range }) : {};
  return { connector, role, range, tree: entry.value, usage };
}

/** The connector of that name, when there is one that has the role; problems are reported. */
export function findConnector(
  { name, range, variables = [] }: NameSpec,
  role: RoleName,
  { subject, connectors, context }: User,
): ConnectorSpec | undefined {
  const { problems, complete } = context;
  const connector = connectors.get(name);
  if (!connector) {
    if (complete)
      problems.add(
        range,
        `unknown connector "${name}"${variables.length > 0 ? ` (from ${variables.join(', ')})` : ''}`,
        {
          subject,
          hint: () => suggestion(name, connectors.keys(), 'connectors'),
        },
      );
    return undefined;
  }
  const { declaration } = connector;
  if (declaration && !rolesOf(connector).includes(role)) {
    const able = [...connectors.values()].filter((other) => rolesOf(other).includes(role)).map((other) => other.name);
    problems.add(range, `"${name}" (${declaration.type}) cannot be a ${role}`, {
      subject,
      hint: able.length > 0 ? `connectors that can: ${able.slice(0, 30).join(', ')}` : `no connector here can`,
    });
    return undefined;
  }
  return connector;
}

/** The roles that a connector has, as far as its options tell. */
function rolesOf({ declaration, options, valid }: ConnectorSpec): readonly RoleName[] {
  if (!declaration) return [];
  const declared = (['source', 'sink', 'lookup'] as const).filter((role) => declaration[role] !== undefined);
  const able = valid ? declaration.roles?.(options) : undefined;
  return able ? declared.filter((role) => able.includes(role)) : declared;
}

interface Usages extends User {
  readonly structural: readonly string[];
  readonly role: RoleName;
  readonly range: SourceRange;
}

/** The options of a connector's role, as given beside its name; without any the defaults. */
export function readUsage(connector: ConnectorSpec, map: MapTree | undefined, usages: Usages): Usage {
  const declared: RoleDeclaration | undefined = connector.declaration?.[usages.role];
  if (!declared) return {};
  const { problems, folder } = usages.context;
  const { value } = checkTree(map, {
    schema: declared.options,
    subject: `${usages.subject}, ${connector.name} as ${usages.role}`,
    owner: usages.range,
    omit: usages.structural,
    problems,
    folder,
  });
  return value as Usage;
}

/** A name that stands alone, `dead_letter: rejected`; undefined when it is missing or no text. */
export function readName(entry: Entry | undefined): NameSpec | undefined {
  const name = entry && !isUnusable(entry.value) ? asText(entry.value) : undefined;
  return entry && name !== undefined ? { name, range: entryRange(entry), variables: variablesOf(entry) } : undefined;
}

function variablesOf(entry: Entry | undefined): readonly string[] | undefined {
  return entry?.value.kind === 'scalar' ? entry.value.variables : undefined;
}
