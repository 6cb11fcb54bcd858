import { asMap, type Entry, entryRange, isUnusable, type MapTree } from '../read/tree.ts';
import type { NameSpec, TopologySpec, UseSpec } from '../spec.ts';
import { readBranches } from './branches.ts';
import { checkName } from './connectors.ts';
import { readDeadLetter } from './dead-letter.ts';
import { readGuarantee } from './guarantees.ts';
import { readOperators } from './operators.ts';
import { readRoutes } from './routes.ts';
import { checkTree } from './schema.ts';
import { topologySchema } from './structure.ts';
import { readUse, type User } from './uses.ts';

/** Checks of the lists themselves; their entries are read one by one. */
const shallowSchema = {
  ...topologySchema,
  properties: {
    ...topologySchema.properties,
    operators: {},
    sinks: { ...topologySchema.properties.sinks, items: {} },
    routes: { type: 'object', minProperties: 1 },
  },
} as const;

interface TopologyUser extends Omit<User, 'subject'> {
  /** The dead letter of the settings. */
  readonly deadLetter: NameSpec | undefined;
}

/** Reads all topologies: their parts, and whether the parts fit together. */
export function readTopologies(
  entries: ReadonlyMap<string, Entry>,
  user: TopologyUser,
): ReadonlyMap<string, TopologySpec> {
  const topologies = new Map<string, TopologySpec>();
  for (const [name, entry] of entries) topologies.set(name, readTopology(name, entry, user));
  return topologies;
}

function readTopology(name: string, entry: Entry, { deadLetter, ...others }: TopologyUser): TopologySpec {
  const user: User = { ...others, subject: name };
  const { problems, folder } = user.context;
  checkName(name, entry, 'topology', user.context);
  const map = asMap(entry.value);
  if (!map) {
    if (!isUnusable(entry.value)) problems.add(entryRange(entry), 'expected a map with a source', { subject: name });
    return { ...nothing, name, entry };
  }
  const checked = checkTree(map, { schema: shallowSchema, subject: name, owner: entry.key, problems, folder });
  const given = checked.value as { readonly description?: unknown; readonly autostart?: unknown };
  const sourceEntry = map.entries.get('source');
  const source = sourceEntry && readUse(sourceEntry, 'source', user);
  const wants = wantsOf(source, map);
  checkForm(map, entry, wants, user);
  const topology = {
    name,
    entry,
    description: typeof given.description === 'string' ? given.description : '',
    autostart: given.autostart !== false,
    guarantee: readGuarantee(map),
    source,
    operators: readOwnOperators(map, wants, user),
    branches: wants === 'routes' ? [] : readBranches(map, user),
    routes: wants === 'sinks' ? [] : readRoutes(map, user),
  };
  return { ...topology, ...readDeadLetter(map, topology, { ...user, inherited: deadLetter }) };
}

const nothing = {
  description: '',
  autostart: true,
  guarantee: undefined,
  source: undefined,
  operators: [],
  branches: [],
  routes: [],
  deadLetter: undefined,
  inheritsDeadLetter: false,
} as const;

type Form = 'routes' | 'sinks' | undefined;

/** A source of requests needs routes, any other needs sinks; either is accepted if the source is unknown. */
function wantsOf(source: UseSpec | undefined, map: MapTree): Form {
  const declared = source?.connector?.declaration?.source;
  if (declared) return declared.requests ? 'routes' : 'sinks';
  const hasSinks = map.entries.has('sink') || map.entries.has('sinks');
  return hasSinks === map.entries.has('routes') ? undefined : hasSinks ? 'sinks' : 'routes';
}

function readOwnOperators(map: MapTree, wants: Form, { subject, context }: User) {
  const operators = map.entries.get('operators');
  if (!operators || wants === 'routes') return [];
  return readOperators(operators.value, { subject, owner: operators.key, inRoute: false }, context);
}

/** Exactly one of `sink`, `sinks` and `routes`, depending on the source. */
function checkForm(map: MapTree, entry: Entry, wants: Form, { subject, context: { problems } }: User): void {
  const known = Object.keys(topologySchema.properties);
  const isMisspelt = [...map.entries.keys()].some((key) => !known.includes(key));
  const hasSink = map.entries.has('sink') || map.entries.has('sinks');
  const hasRoutes = map.entries.has('routes');
  const refuse = (keys: readonly string[], text: string, hint?: string) => {
    for (const key of keys) {
      const found = map.entries.get(key);
      if (found) problems.add(found.key, `${text.replace('%s', key)}`, { subject, hint });
    }
  };
  if (wants === 'routes') {
    refuse(
      ['sink', 'sinks', 'operators'],
      '"%s" has no meaning for a source of requests',
      'operators belong to the routes',
    );
    if (!hasRoutes && !hasSink && !isMisspelt)
      problems.add(entry.key, 'lacks "routes"', { subject, hint: 'its source produces requests, which need a reply' });
    return;
  }
  if (map.entries.has('sink') && map.entries.has('sinks'))
    refuse(['sinks'], '"%s" can\'t stand beside "sink"', 'name all sinks in the list');
  if (wants === 'sinks') {
    refuse(['routes'], 'routes need a source of requests', 'such as a connector of the type rest');
    if (!hasSink && !hasRoutes && !isMisspelt)
      problems.add(entry.key, 'lacks "sink" or "sinks"', {
        subject,
        hint: 'sink: the connector that the messages go to',
      });
  }
}
