import { errorText } from '../../errors.ts';
import type { ConnectorDeclaration, Report } from '../../kit/declaration.ts';
import { suggestion } from '../../kit/names.ts';
import { asText, type Entry, entryRange, isUnusable, rangeAt, valueAt } from '../read/tree.ts';
import type { ConnectorSpec } from '../spec.ts';
import type { Context } from './context.ts';
import { checkTree } from './schema.ts';
import { namePattern, noDeadLetter } from './structure.ts';

/** Reads all connectors, each checked by its declaration. */
export function readConnectors(
  entries: ReadonlyMap<string, Entry>,
  context: Context,
): ReadonlyMap<string, ConnectorSpec> {
  return new Map([...entries].map(([name, entry]) => [name, readConnector(name, entry, context)]));
}

function readConnector(name: string, entry: Entry, context: Context): ConnectorSpec {
  checkName(name, entry, 'connector', context);
  const declaration = declarationOf(name, entry, context);
  if (!declaration) return { name, entry, declaration, options: {}, valid: false };
  const { problems, folder } = context;
  const { value: options, valid } = checkTree(entry.value, {
    schema: declaration.options,
    subject: name,
    owner: entry.key,
    omit: ['type'],
    problems,
    folder,
  });
  if (valid && declaration.check) {
    const report = reporter(name, entry, context);
    guarded(report, () => declaration.check?.(options, report));
  }
  return { name, entry, declaration, options, valid };
}

function declarationOf(
  name: string,
  entry: Entry,
  { problems, connectors, allLoaded }: Context,
): ConnectorDeclaration | undefined {
  const { value, key } = entry;
  if (value.kind !== 'map') {
    if (!isUnusable(value)) problems.add(entryRange(entry), 'expected a map with a type', { subject: name });
    return undefined;
  }
  const given = value.entries.get('type');
  if (!given) {
    problems.add(key, 'lacks "type"', { subject: name, hint: `types: ${[...connectors.keys()].join(', ')}` });
    return undefined;
  }
  const type = asText(given.value);
  const declaration = type === undefined ? undefined : connectors.get(type);
  if (declaration || isUnusable(given.value)) return declaration;
  if (type !== undefined && !allLoaded) return undefined;
  const text = type === undefined ? 'expected the name of a connector type' : `unknown connector type "${type}"`;
  problems.add(entryRange(given), text, {
    subject: name,
    hint: () => suggestion(type ?? '', connectors.keys(), 'types'),
  });
  return undefined;
}

/** Checks a name; the same rules hold for connectors and topologies. */
export function checkName(name: string, { key }: Entry, what: string, { problems }: Context): void {
  if (name === noDeadLetter) problems.add(key, `"${name}" cannot be the name of a ${what}`);
  else if (!new RegExp(namePattern).test(name))
    problems.add(key, `"${name}" cannot be the name of a ${what}`, {
      hint: 'a name begins with a letter and has letters, digits, _ and -, at most 63 characters',
    });
}

function reporter(subject: string, entry: Entry, { problems }: Context): Report {
  return (path, text, hint) => {
    const given = valueAt(entry.value, path);
    const variables = given?.kind === 'scalar' ? (given.variables ?? []) : [];
    const from = variables.length > 0 ? ` (from ${variables.join(', ')})` : '';
    problems.add(rangeAt(entry.value, path, entry.key), text + from, { subject, hint });
  };
}

/** Runs a component's own check; an error that it throws is a problem as well. */
export function guarded<T>(report: Report, check: () => T): T | undefined {
  try {
    return check();
  } catch (error) {
    report([], errorText(error));
    return undefined;
  }
}
