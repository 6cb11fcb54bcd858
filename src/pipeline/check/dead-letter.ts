import type { Entry, MapTree } from '../read/tree.ts';
import type { NameSpec, TopologySpec } from '../spec.ts';
import { noDeadLetter } from './structure.ts';
import { readUsage, readUse, type User } from './uses.ts';

type Flow = Pick<TopologySpec, 'source' | 'branches' | 'routes' | 'entry'>;

interface DeadLetterUser extends User {
  /** The one of the settings. */
  readonly inherited: NameSpec | undefined;
}

/** The dead letter of a topology: its own, else that of the settings when it reads or writes a log, else none. */
export function readDeadLetter(
  map: MapTree,
  flow: Flow,
  user: DeadLetterUser,
): Pick<TopologySpec, 'deadLetter' | 'inheritsDeadLetter'> {
  const own = map.entries.get('dead_letter');
  if (own) return { deadLetter: ownDeadLetter(own, flow, user), inheritsDeadLetter: false };
  const { inherited } = user;
  if (!inherited || !touchesLog(flow)) return { deadLetter: undefined, inheritsDeadLetter: false };
  if (inherited.name === flow.source?.connector?.name) {
    refuseCircle(flow.source.range, inherited.name, user);
    return { deadLetter: undefined, inheritsDeadLetter: false };
  }
  const connector = user.connectors.get(inherited.name);
  if (!connector) return { deadLetter: undefined, inheritsDeadLetter: false };
  const { range } = inherited;
  const usage = readUsage(connector, undefined, { ...user, subject: 'settings', role: 'sink', structural: [], range });
  return { deadLetter: { connector, role: 'sink', range, tree: undefined, usage }, inheritsDeadLetter: true };
}

function ownDeadLetter(own: Entry, { source, routes }: Flow, user: DeadLetterUser): TopologySpec['deadLetter'] {
  if (own.value.kind === 'scalar' && (own.value.value === noDeadLetter || own.value.value === null)) return undefined;
  if (own.value.kind !== 'scalar') return undefined;
  const use = readUse(own, 'sink', user);
  if (!use.connector) return undefined;
  const { problems } = user.context;
  if (routes.length > 0)
    problems.add(use.range, 'a rejected request gets an error reply, not a dead letter', { subject: user.subject });
  else if (use.connector.name === source?.connector?.name) refuseCircle(use.range, use.connector.name, user);
  return use;
}

function refuseCircle(range: NameSpec['range'], name: string, { subject, context }: DeadLetterUser): void {
  context.problems.add(range, `"${name}" would be both its source and its dead letter`, {
    subject,
    hint: `dead_letter: ${noDeadLetter}, or another connector`,
  });
}

function touchesLog({ source, branches }: Flow): boolean {
  const uses = [source, ...branches.map(({ sink }) => sink)];
  return uses.some((use) => use?.connector?.declaration?.family === 'log');
}
