import type { JSONSchema } from 'json-schema-to-ts';
import type { ConnectorDeclaration, RoleDeclaration } from '../../kit/declaration.ts';
import { templateDateNames, templateMetaNames } from '../../kit/template.ts';
import { unitFormats } from '../../kit/units.ts';
import {
  branchSchema,
  pipelineStructure,
  settingsSchema,
  sourceSchema,
  topologySchema,
} from '../../pipeline/check/structure.ts';
import { code, markdownPage, markdownTable, yamlBlock } from '../shared/markdown.ts';
import { type OptionRow, optionRows } from '../shared/option-rows.ts';
import { optionTable } from './reference.ts';
import { templateMeanings } from './templates.ts';
import { pipelineExamples, variableForms } from './texts.ts';

/** docs/reference/pipeline.md: every key of a pipeline file, from its structure; examples from `reference-texts.ts`. */
export function pipelineReference(connectors: readonly ConnectorDeclaration[]): string {
  return markdownPage('The pipeline file', [
    'One YAML file (YAML 1.2) declares the platform: connectors by name, topologies that use them, and settings for all of them. `fdp validate` checks it and reports every mistake with line and column; `pipeline.schema.json` completes it in editors. Anchors (`&name`) and aliases (`*name`) work within a file.',
    ...section('The file', pipelineExamples.file, keysOf(pipelineStructure)),
    ...section('settings', pipelineExamples.settings, optionRows(settingsSchema)),
    ...section('connectors', pipelineExamples.connectors, keysOf(pipelineStructure.properties.connectors)),
    '[Connectors](connectors.md) has all types with their options. A name of a connector, topology or branch begins with a letter and has letters, digits, `_` and `-`, at most 63 in all.',
    ...section('topologies', pipelineExamples.topologies, keysOf(topologySchema)),
    'A topology has exactly one of `sink`, `sinks` and `routes`; with `routes` it has no `operators` of its own. [Operators](operators.md) has all operators, [Expressions](expressions.md) what `require`, `filter` and `map` take.',
    ...section('source and sink', pipelineExamples.usage, keysOf(sourceSchema)),
    'A source or sink is the name of a connector, or a map with `connector` and the options that its type has in this role:',
    usageTable(connectors),
    ...section('sinks', pipelineExamples.sinks, keysOf(branchSchema)),
    'Further keys of a branch are the options of its connector as a sink. Every branch gets every message; a message is settled once all branches that are not `best_effort` have delivered it. If a `best_effort` branch fails, only that branch stops; the topology keeps running and reports not ready. A branch with `after` gets only the messages that the other branch stored now, not those that it knew already, and gets them in order.',
    ...section('routes', pipelineExamples.routes, keysOf(topologySchema.properties.routes, ['GET /path/{parameter}'])),
    'A source of requests ([`rest`](connectors.md#rest)) has routes in place of sinks. A path parameter is in braces, `{symbol}`, and is a field of the first message; [`params`](operators.md#params) declares those of the query string. The last operator is [`reply`](operators.md#reply).',
    ...section('dead_letter', pipelineExamples.deadLetter, []),
    'A rejected message goes to the dead letter, a connector that can be written to, with its bytes, its origin and the reason. `dead_letter` of a topology overrides that of `settings`, which holds for topologies that read or write a log; all others, and `none`, log and count what they reject. A rejected request is answered with an error instead.',
    ...section('guarantee', pipelineExamples.guarantee, []),
    '`fdp explain` prints what each path from a source to a sink guarantees. `guarantee` of a topology makes `validate`, and every start, refuse a path that guarantees less, with its weakest hop and what to change; branches that are `best_effort` are exempt. `effectively_once`: nothing is lost, and what is read again after a crash changes nothing. `at_least_once`: nothing is lost, but a message may come twice, or become something else when it is read again. It is about the way from the source of this topology on ([what is promised](../guarantees.md)).',
    ...section('include', pipelineExamples.include, []),
    'An included file has `include`, `connectors` and `topologies`, nothing else; they are added, and a name that is defined twice is a mistake. `*` stands for any characters in the last part of a path.',
    ...section('plugins', pipelineExamples.plugins, []),
    'Operators, connectors and functions of your own: a file begins with `./`, `../` or `/` and is relative to the pipeline, anything else is the name of an npm package. Only the main file has `plugins`. They are imported by every command that reads the pipeline ([Plugins](../plugins.md)).',
    ...section('profile', pipelineExamples.profile, []),
    'A profile is an overlay, `config/NAME.yml` beside the pipeline, with `settings` and `connectors`. `--profile` names it, else `FDP_PROFILE`, else `profile` of the pipeline, else `embedded` if there is such a file. It changes connectors that the pipeline has: maps are merged key by key, anything else is replaced, and `null` removes a key. Where it gives a connector another `type`, only the options that logs (`topic`, `partitions`) or tables (`fields`, `unique`, `indexes`, `expire`) have in common stay.',
    '## Variables',
    'Text may hold environment variables, in connectors, settings, names and options alike. A `.env` file beside the pipeline is read; the real environment goes before it. If `NAME` is not set and `NAME_FILE` is, the content of that file is taken, for secrets. A number or boolean may come from a variable. Quote what holds a variable within `{ }` or `[ ]`: YAML gives the braces a meaning of their own.',
    markdownTable(
      ['written', 'meaning', 'example', 'environment', 'gives'],
      variableForms.map(({ form, meaning, example, env, gives }) => [
        code(form),
        meaning,
        code(example),
        Object.entries(env)
          .map(([name, value]) => code(`${name}=${value}`))
          .join(' ') || 'empty',
        gives === undefined ? 'a mistake of the pipeline' : code(gives),
      ]),
    ),
    yamlBlock(pipelineExamples.variables),
    '## Durations, sizes, rates and addresses',
    markdownTable(
      ['type', 'written as'],
      Object.entries(unitFormats).map(([name, { expected }]) => [name, expected]),
    ),
    'A number may have a fraction: `1.5h`. Sizes are powers of 1024. An IPv6 address is in brackets.',
    '## Templates',
    'Some options take text with `{name}`, filled in for each message: `idempotency_key`, `dedupe`, `explode`, and in routes `find`. A name is a field of the message, or one of these, unless the message has a field of that name (but for topic, partition, offset, index and key). Text that is exactly one `{name}` keeps the type of the value.',
    markdownTable(
      ['name', 'stands for'],
      [...templateMetaNames, ...templateDateNames].map((name) => [code(`{${name}}`), templateMeanings[name] ?? '']),
    ),
    yamlBlock(pipelineExamples.templates),
  ]);
}

function section(title: string, example: string, rows: readonly OptionRow[]): readonly string[] {
  return [`## ${title}`, ...(rows.length === 0 ? [] : [optionTable(rows)]), ...example.split('\n---\n').map(yamlBlock)];
}

/** The keys of a map itself, without those of what it holds; `names` stand for keys of the user's choice. */
function keysOf(schema: JSONSchema, names: readonly string[] = ['<name>']): readonly OptionRow[] {
  return optionRows(schema)
    .filter(({ path }) => path.length === 1)
    .map((row) => ({ ...row, path: row.path.map((name) => (name === '<name>' ? (names[0] ?? name) : name)) }));
}

/** Which options each connector has beside `connector` where a topology names it. */
function usageTable(connectors: readonly ConnectorDeclaration[]): string {
  const options = (role: RoleDeclaration | undefined) => {
    if (!role) return '-';
    const names = optionRows(role.options).map(({ path }) => code(path.join('.')));
    return names.length === 0 ? 'no options' : names.join(', ');
  };
  const rows = connectors
    .filter(({ source, sink }) => source ?? sink)
    .map(({ type, source, sink }) => [`[\`${type}\`](connectors.md#${type})`, options(source), options(sink)]);
  return markdownTable(['connector', 'as a source', 'as a sink'], rows);
}
