import type { ConnectorDeclaration, OperatorDeclaration, RoleDeclaration } from '../../kit/declaration.ts';
import type { Components } from '../../pipeline/give/json-schema.ts';
import { type GraphFormat, graphFormats } from '../graph/graph.ts';
import { exampleEntry, rolesOf } from '../list/pages.ts';
import { code, markdownPage, markdownTable, yamlBlock } from '../shared/markdown.ts';
import { type OptionRow, optionRows } from '../shared/option-rows.ts';

const [begin, end] = ['<!-- components -->', '<!-- /components -->'];

/** docs/reference/connectors.md: one section per connector. */
export function connectorsReference(connectors: readonly ConnectorDeclaration[]): string {
  const intro =
    'What topologies read from and write to: declared by name under `connectors` in [the pipeline](pipeline.md#connectors).';
  return markdownPage('Connectors', [intro, ...connectors.map(connectorSection)]);
}

/** docs/reference/operators.md: one section per operator. */
export function operatorsReference(operators: readonly OperatorDeclaration[]): string {
  const intro =
    'Steps between a source and its sinks, in a list: `- type: options`. Those that take an expression take [CEL](expressions.md).';
  return markdownPage('Operators', [intro, ...operators.map(operatorSection)]);
}

/** docs/reference/README.md: all components, one line each. */
export function referenceIndex({ connectors, operators }: Components): string {
  const rows = [
    ...connectors.map((each) => [link(each, 'connectors.md'), `connector: ${rolesOf(each).join(', ')}`, each.summary]),
    ...operators.map((each) => [link(each, 'operators.md'), 'operator', each.summary]),
  ];
  return markdownPage('Reference', [
    '[The pipeline file](pipeline.md) has all its keys, [Expressions](expressions.md) the language of conditions and computed fields, [Metrics](metrics.md) what `/metrics` serves.',
    markdownTable(['type', 'what', 'summary'], rows),
  ]);
}

/** The README with its list of components, between the markers, as it should be; unchanged where there are none. */
export function withComponentList(readme: string, { connectors, operators }: Components): string {
  const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
  if (from < 0 || to < from) return readme;
  const all = (each: readonly { readonly type: string }[], file: string) =>
    each.map((one) => link(one, `docs/reference/${file}.md`)).join(', ');
  const rows = [
    ['connectors', all(connectors, 'connectors')],
    ['operators', all(operators, 'operators')],
  ];
  return `${readme.slice(0, from)}${begin}\n${markdownTable(['kind', 'types'], rows)}\n${readme.slice(to)}`;
}

/** What a marker asks for: a format, and topologies; those that start if it names none. */
export type PictureIn = (format: GraphFormat, topologies: readonly string[]) => string;

const pictureMarks = /(<!-- graph: (\w+)((?: [\w-]+)*) -->\n)[\s\S]*?(<!-- \/graph -->)/g;

/**
 * A document with its pictures of the shipped topologies, between markers such as `<!-- graph: ascii processor -->`, as they
 * should be; unchanged where there are none.
 */
export function withPictures(text: string, pictureIn: PictureIn): string {
  return text.replace(pictureMarks, (whole, from: string, name: string, topologies: string, to: string) => {
    const format = graphFormats.find((each) => each === name);
    if (!format) return whole;
    const language = format === 'ascii' ? 'text' : format;
    return `${from}\`\`\`${language}\n${pictureIn(format, topologies.split(' ').filter(Boolean))}\`\`\`\n${to}`;
  });
}

function link({ type }: { readonly type: string }, file: string): string {
  return `[\`${type}\`](${file}#${type})`;
}

function connectorSection(connector: ConnectorDeclaration): string {
  const { source, sink, lookup } = connector;
  return [
    `## ${connector.type}`,
    connector.summary,
    `Roles: ${rolesOf(connector).join(', ')}.`,
    yaml('connectors:', exampleEntry(connector), '  '),
    optionTable(connector.options),
    ...roleSection('source', source, source?.requests && 'Gives requests: the topology has `routes`, which reply.'),
    ...roleSection('sink', sink, sink?.merges && 'Takes the merge operations of counters too.'),
    ...roleSection('lookup', lookup, undefined),
  ].join('\n\n');
}

function operatorSection(operator: OperatorDeclaration): string {
  const note = operator.routesOnly ? ['Only in routes.'] : [];
  const example = `- ${exampleEntry(operator).replaceAll('\n', '\n  ')}`;
  return [
    `## ${operator.type}`,
    operator.summary,
    ...note,
    yaml('operators:', example, '  '),
    optionTable(operator.options),
  ].join('\n\n');
}

function roleSection(role: string, declared: RoleDeclaration | undefined, note: string | undefined | false): string[] {
  if (!declared) return [];
  const exclusive = declared.exclusive ? ['One topology of a process at most can use it.'] : [];
  const notes = [...(note ? [note] : []), ...exclusive].join(' ');
  const hasOptions = optionRows(declared.options).length > 0;
  if (notes === '' && !hasOptions) return [];
  return [
    `### As a ${role}`,
    ...(notes === '' ? [] : [notes]),
    ...(hasOptions ? [`Beside \`connector\`, where a topology names it:`, optionTable(declared.options)] : []),
  ];
}

/** The options of a schema, or the rows given, as a table. */
export function optionTable(options: ConnectorDeclaration['options'] | readonly OptionRow[]): string {
  const rows = isRows(options) ? options : optionRows(options);
  if (rows.length === 0) return 'It has no options.';
  return markdownTable(['option', 'type', 'default', 'description'], rows.map(optionCells));
}

function isRows(options: ConnectorDeclaration['options'] | readonly OptionRow[]): options is readonly OptionRow[] {
  return Array.isArray(options);
}

function optionCells({ path, type, required, default: value, description, examples }: OptionRow): readonly string[] {
  const name = path.length === 0 ? '(value)' : code(path.join('.'));
  const shown = examples.length === 0 ? '' : ` Example: ${examples.map(code).join(' or ')}`;
  return [name, type, required ? 'required' : value === undefined ? '' : code(value), description + shown];
}

function yaml(first: string, text: string, by: string): string {
  const lines = text
    .trim()
    .split('\n')
    .map((line) => by + line);
  return yamlBlock([first, ...lines].join('\n'));
}
