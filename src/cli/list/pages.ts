import type { ConnectorDeclaration, OperatorDeclaration, RoleDeclaration } from '../../kit/declaration.ts';
import { type FunctionDeclaration, signatureOf } from '../../kit/function.ts';
import type { TopologySpec } from '../../pipeline/spec.ts';
import { type OptionRow, optionRows } from '../shared/option-rows.ts';
import { programName } from '../shared/program.ts';
import { indented, table, wrap } from '../shared/text.ts';

// Each function gives the lines of a page or a part of one, wrapped to a width.

/** What `list` shows of a topology. */
export interface ListedTopology {
  readonly name: string;
  readonly description: string;
  readonly autostart: boolean;
  readonly source: string;
  /** Names of the sinks, or the routes. */
  readonly sinks: readonly string[];
}

/** A topology of the spec as `list` shows it. */
export function listed({ name, description, autostart, source, branches, routes }: TopologySpec): ListedTopology {
  const sinks = [...branches.map((branch) => branch.name), ...routes.map(({ route }) => route)];
  return { name, description, autostart, source: source?.connector?.name ?? '', sinks };
}

/** A connector: its options, those of each role, and an example. */
export function connectorPage(connector: ConnectorDeclaration, width: number): readonly string[] {
  const { source, sink, lookup } = connector;
  const roles = [
    ...usage(
      { role: 'source', declared: source, note: source?.requests && 'produces requests, which need a reply' },
      width,
    ),
    ...usage({ role: 'sink', declared: sink, note: sink?.merges && 'takes merge operations' }, width),
    ...usage({ role: 'lookup', declared: lookup }, width),
  ];
  return [...head(connector, `connector: ${rolesOf(connector).join(', ')}`, width), ...roles, ...example(connector)];
}

/** An operator: its options and an example. */
export function operatorPage(operator: OperatorDeclaration, width: number): readonly string[] {
  const kind = operator.routesOnly ? 'operator, in routes only' : 'operator';
  return [...head(operator, kind, width), ...example(operator)];
}

/** A function of a plugin: its types and examples. */
export function functionPage(declaration: FunctionDeclaration, width: number): readonly string[] {
  const { name, summary, parameters, result, examples, plugin } = declaration;
  const types = table([...Object.entries(parameters), ['gives', result]], width - 2);
  const called = examples.map(({ of, gives }) => {
    const args = Object.keys(parameters).map((parameter) => JSON.stringify(of[parameter]));
    return `${name}(${args.join(', ')}) is ${JSON.stringify(gives)}`;
  });
  const from = plugin === undefined ? [] : [`of the plugin ${plugin}`];
  return [
    ...[`${signatureOf(declaration)} (function)`, ...from, ...wrap(summary, width)],
    ...['', 'types', ...indented(types), '', 'examples', ...indented(called)],
  ];
}

/** A topology: where it reads, where it writes, how to run it. */
export function topologyPage(topology: ListedTopology, width: number): readonly string[] {
  const { name, description, source, sinks, autostart } = topology;
  const start = autostart ? 'with every other' : 'only when named';
  const facts = table(
    [
      ['source', source],
      ['to', sinks.join(', ')],
      ['starts', start],
    ],
    width - 2,
  );
  return [
    `${name} (topology)`,
    ...wrap(description, width),
    '',
    ...indented(facts),
    '',
    'run',
    `  ${programName()} --topology ${name}`,
  ];
}

function head(component: ConnectorDeclaration | OperatorDeclaration, kind: string, width: number): readonly string[] {
  const rows = optionRows(component.options);
  const options = rows.length === 0 ? ['  none'] : optionLines(rows, width);
  const from = component.plugin === undefined ? [] : [`of the plugin ${component.plugin}`];
  return [`${component.type} (${kind})`, ...from, ...wrap(component.summary, width), '', 'options', ...options];
}

interface RoleUsage {
  readonly role: string;
  readonly declared: RoleDeclaration | undefined;
  readonly note?: string | undefined;
}

function usage({ role, declared, note }: RoleUsage, width: number): readonly string[] {
  if (!declared) return [];
  const notes = [note, declared.exclusive && 'at most one topology per process'].filter((text) => text);
  const rows = optionRows(declared.options);
  if (rows.length === 0 && notes.length === 0) return [];
  const text = notes.length === 0 ? [] : indented(wrap(`(${notes.join('; ')})`, width - 2));
  return ['', `as a ${role}, beside "connector"`, ...text, ...optionLines(rows, width)];
}

/** Name, type and default in aligned columns, the description below. */
function optionLines(rows: readonly OptionRow[], width: number): readonly string[] {
  const heads = rows.map(({ path, type, required, default: value }) => {
    const name = '  '.repeat(Math.max(0, path.length - 1)) + (path.at(-1) ?? '(value)');
    return [name, required ? 'required' : value === undefined ? '' : `default ${value}`, type];
  });
  const nameWidth = Math.max(...heads.map(([name = '']) => name.length));
  const stateWidth = Math.min(20, Math.max(...heads.map(([, state = '']) => state.length)));
  return rows.flatMap((row, index) => {
    const [name = '', state = '', type = ''] = heads[index] ?? [];
    const cells = stateWidth === 0 ? [type] : [state.padEnd(stateWidth), type];
    const [line = '', ...more] = table([[name.padEnd(nameWidth), ...cells]], width - 2);
    return indented([line, ...more, ...indented(details(row, width - 6 - indent(row)), 4 + indent(row))]);
  });
}

function indent({ path }: OptionRow): number {
  return 2 * Math.max(0, path.length - 1);
}

function details({ description, examples }: OptionRow, width: number): readonly string[] {
  const shown = examples.length === 0 ? [] : wrap(`Example: ${examples.join(' or ')}`, width);
  return [...wrap(description, width), ...shown];
}

/** The example as an entry of `connectors` or of `operators`, without its dash; one without a name gets the type's. */
export function exampleEntry({ type, example }: { readonly type: string; readonly example: string }): string {
  const text = example.trim();
  return text.startsWith('{') ? `${type}: ${text}` : text.replace(/^- /, '');
}

function example(component: ConnectorDeclaration | OperatorDeclaration): readonly string[] {
  return ['', 'example', ...indented(exampleEntry(component).split('\n'))];
}

/** The roles of the connector: `source`, `sink`, `lookup`. */
export function rolesOf({ source, sink, lookup }: ConnectorDeclaration): readonly string[] {
  return [source && 'source', sink && 'sink', lookup && 'lookup'].filter((role) => role !== undefined);
}

/** The description of a topology, and whether it starts by itself. */
export function summaryOf({ description, autostart }: ListedTopology): string {
  return autostart ? description : `${description} (starts only when named)`;
}
