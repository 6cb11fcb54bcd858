import { FdpError } from '../../errors.ts';
import { type FunctionDeclaration, signatureOf } from '../../kit/function.ts';
import { nearest } from '../../kit/names.ts';
import type { Components } from '../../pipeline/give/json-schema.ts';
import { programName } from '../shared/program.ts';
import { indented, table } from '../shared/text.ts';
import {
  connectorPage,
  functionPage,
  type ListedTopology,
  operatorPage,
  rolesOf,
  summaryOf,
  topologyPage,
} from './pages.ts';

/** What there is to list. */
export interface Listed extends Components {
  readonly topologies: readonly ListedTopology[];
}

export const listedKinds = ['connectors', 'operators', 'functions', 'topologies'] as const;

/** Everything that `list` can show by name; `show` gives the page of one. */
interface Kind {
  readonly name: (typeof listedKinds)[number];
  readonly singular: string;
  readonly names: readonly string[];
  overview(width: number): readonly string[];
  show(name: string, width: number): readonly string[];
}

/**
 * The text of `fdp list`, without a line end: everything by name, one kind (`connectors`, `operators`,
 * `functions`, `topologies`), or one component with its options. No line is longer than `columns` (taken as 40 to 120), unless an
 * example is.
 * @throws FDP_USAGE with the most similar name if there is no such kind or name
 */
export function list(listed: Listed, args: readonly string[], columns = 80): string {
  const width = Math.min(Math.max(columns, 40), 120);
  const kinds = kindsOf(listed);
  const [first, name] = args;
  if (args.length > 2) throw new FdpError('FDP_USAGE', `list: expected a kind and a name, got "${args.join(' ')}"`);
  if (first === undefined) return all(kinds, width).join('\n');
  const kind = kinds.find((known) => known.name === first || known.singular === first);
  if (kind === undefined && name === undefined) return anywhere(kinds, first, width).join('\n');
  const command = `${programName()} list`;
  if (kind === undefined) throw unknown({ what: 'kind', got: first, known: kinds.map((known) => known.name), command });
  if (name === undefined) return kind.overview(width).join('\n');
  if (kind.names.includes(name)) return kind.show(name, width).join('\n');
  throw unknown({ what: kind.singular, got: name, known: kind.names, command: `${command} ${kind.name}` });
}

function kindsOf({ connectors, operators, functions = [], topologies }: Listed): readonly Kind[] {
  const more = functions.length === 0 ? [] : [functionKind(functions)];
  return [
    {
      name: 'connectors',
      singular: 'connector',
      names: connectors.map(({ type }) => type),
      overview: (width) =>
        table(
          connectors.map((each) => [each.type, rolesOf(each).join(', '), each.summary]),
          width,
        ),
      show: (name, width) =>
        connectors.filter(({ type }) => type === name).flatMap((each) => connectorPage(each, width)),
    },
    {
      name: 'operators',
      singular: 'operator',
      names: operators.map(({ type }) => type),
      overview: (width) =>
        table(
          operators.map(({ type, summary }) => [type, summary]),
          width,
        ),
      show: (name, width) => operators.filter(({ type }) => type === name).flatMap((each) => operatorPage(each, width)),
    },
    ...more,
    {
      name: 'topologies',
      singular: 'topology',
      names: topologies.map((topology) => topology.name),
      overview: (width) =>
        table(
          topologies.map((each) => [each.name, summaryOf(each)]),
          width,
        ),
      show: (name, width) =>
        topologies.filter((topology) => topology.name === name).flatMap((each) => topologyPage(each, width)),
    },
  ];
}

/** What plugins add to the functions of docs/reference/expressions.md. */
function functionKind(functions: readonly FunctionDeclaration[]): Kind {
  return {
    name: 'functions',
    singular: 'function',
    names: functions.map(({ name }) => name),
    overview: (width) =>
      table(
        functions.map((each) => [signatureOf(each), each.summary]),
        width,
      ),
    show: (name, width) => functions.filter((each) => each.name === name).flatMap((each) => functionPage(each, width)),
  };
}

function all(kinds: readonly Kind[], width: number): readonly string[] {
  const blocks = kinds.flatMap((kind) => [kind.name, ...indented(kind.overview(width - 2)), '']);
  return [...blocks, `${programName()} list NAME shows the options of one.`];
}

/** One word that is not a kind: the component of that name. */
function anywhere(kinds: readonly Kind[], name: string, width: number): readonly string[] {
  const holding = kinds.filter((kind) => kind.names.includes(name));
  const words = kinds.flatMap((kind) => [kind.name, ...kind.names]);
  const command = `${programName()} list`;
  if (holding.length === 0) throw unknown({ what: 'kind or name', got: name, known: words, command });
  return holding.flatMap((kind, index) => [...(index > 0 ? [''] : []), ...kind.show(name, width)]);
}

interface Miss {
  readonly what: string;
  readonly got: string;
  readonly known: readonly string[];
  readonly command: string;
}

function unknown({ what, got, known, command }: Miss): FdpError {
  const near = nearest(got, known);
  const hint = near === undefined ? `"${command}" lists them` : `did you mean "${near}"?`;
  return new FdpError('FDP_USAGE', `list: there is no ${what} "${got}"; ${hint}`);
}
