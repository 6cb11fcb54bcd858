import { basename, dirname, extname, resolve } from 'node:path';
import { suggestion } from '../kit/names.ts';
import { readConnectors } from './check/connectors.ts';
import type { Context } from './check/context.ts';
import { checkPathGuarantees } from './check/guarantees.ts';
import { checkTree } from './check/schema.ts';
import { readSettings, readSettingsNames } from './check/settings.ts';
import { checkFlow } from './check/shapes.ts';
import { pipelineStructure } from './check/structure.ts';
import { readTopologies } from './check/topologies.ts';
import type { Components } from './give/json-schema.ts';
import { namedPlugins } from './plugins/named.ts';
import { Problems } from './problem.ts';
import { FileReader, type PipelineFile, readPipelineFile, type Sections } from './read/files.ts';
import { type AskedProfile, profileFile } from './read/folder.ts';
import { interpolation } from './read/interpolate.ts';
import { deepMerge, overlayConnector } from './read/overlay.ts';
import { sourceFile } from './read/source.ts';
import { asMap, type Entry, isNothing, type Tree } from './read/tree.ts';
import { readVariables } from './read/variables.ts';
import type { NameSpec, Spec } from './spec.ts';

export interface ReadRequest {
  readonly pipelinePath: string;
  /** The same file if it was read before; left out: it is read. */
  readonly file?: PipelineFile | undefined;
  /** Left out: `FDP_PROFILE`, else the pipeline's own `profile`, else `embedded` when there is such a profile. */
  readonly profile?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly components: Components;
}

/**
 * Reads a pipeline: its includes, the profile's overlay, variables, and everything that can be checked without knowing
 * which topologies start. Never throws for the content of the files; all mistakes are in `problems`.
 */
export function readSpec({ pipelinePath, file, profile, env, components }: ReadRequest): Spec {
  const path = resolve(pipelinePath);
  const folder = dirname(path);
  const main = file ?? readPipelineFile(path);
  const problems = new Problems(main.problems);
  const variables = readVariables(folder, env);
  const reader = new FileReader(problems);
  const sections = reader.pipeline(main) ?? noSections(path);
  const connectors = new Map(components.connectors.map((each) => [each.type, each]));
  const interpolate = interpolation(variables, problems);
  const context: Context = {
    problems,
    connectors,
    operators: new Map(components.operators.map((each) => [each.type, each])),
    folder,
    complete: sections.complete,
    allLoaded: !components.mistakes?.length,
  };
  const named = profile ?? (variables.all['FDP_PROFILE'] || undefined);
  const asked = named === undefined ? readProfile(sections, interpolate, context) : { name: named };
  const overlay = asked === 'broken' ? undefined : profileFile(folder, asked, problems);
  const joined = overlay ? withOverlay(sections, overlay, { reader, problems, connectors }) : sections;
  const filled = filledIn(joined, interpolate);
  const plugins = namedPlugins(filled.plugins, problems);
  reportPlugins(plugins, components, problems);
  return {
    path,
    plugins,
    profile: overlay ? basename(overlay, '.yml') : undefined,
    variables,
    problems,
    ...understand(filled, context),
  };
}

/** What is wrong with plugins stands where the pipeline lists them. */
function reportPlugins(plugins: readonly NameSpec[], { mistakes = [] }: Components, problems: Problems): void {
  for (const { name, range } of plugins)
    for (const { plugin, text, hint } of mistakes)
      if (plugin === name) problems.add(range, text, { subject: `plugin ${name}`, hint });
}

function noSections(path: string): Sections {
  const main = sourceFile(path, '', 0);
  const nothing = { name: undefined, profile: undefined, plugins: undefined, settings: undefined };
  return { ...nothing, connectors: new Map(), topologies: new Map(), main, complete: false };
}

/** The profile that the pipeline itself names. */
function readProfile(
  { profile }: Sections,
  interpolate: (tree: Tree) => Tree,
  { problems, folder }: Context,
): AskedProfile | 'broken' | undefined {
  if (profile === undefined || isNothing(profile)) return undefined;
  const tree = interpolate(profile);
  if (tree.kind === 'scalar' && tree.missing) {
    problems.add(tree.at, tree.missing.text, { subject: 'profile', hint: tree.missing.hint });
    return 'broken';
  }
  const before = problems.size;
  const { schema, owner } = { schema: pipelineStructure.properties.profile, owner: tree.at };
  const { value } = checkTree(tree, { schema, subject: 'profile', owner, problems, folder });
  return problems.size > before || typeof value !== 'string' ? 'broken' : { name: value, range: tree.at };
}

interface OverlayTools extends Pick<Context, 'problems' | 'connectors'> {
  readonly reader: FileReader;
}

function withOverlay(
  sections: Sections,
  path: string,
  { reader, problems, connectors: types }: OverlayTools,
): Sections {
  const overlay = reader.overlay(path);
  const connectors = new Map(sections.connectors);
  for (const [name, { key, value }] of overlay?.connectors?.entries ?? []) {
    const base = connectors.get(name);
    const over = asMap(value);
    if (!base) {
      if (sections.complete)
        problems.add(key, `unknown connector "${name}": an overlay changes those of the pipeline`, {
          hint: () => suggestion(name, connectors.keys(), 'connectors'),
        });
    } else if (over) connectors.set(name, overlayConnector(base, over, types));
    else if (value.kind === 'scalar' && value.value === null) connectors.delete(name);
    else problems.add(key, 'expected a map of options', { subject: name });
  }
  if (!overlay?.settings) return { ...sections, connectors };
  const base = asMap(sections.settings?.value);
  const key = sections.settings?.key ?? overlay.settings.at;
  const settings = { key, value: base ? deepMerge(base, overlay.settings) : overlay.settings };
  return { ...sections, connectors, settings };
}

function filledIn(sections: Sections, interpolate: (tree: Tree) => Tree): Sections {
  const entry = ({ key, value }: Entry): Entry => ({ key, value: interpolate(value) });
  const all = (entries: ReadonlyMap<string, Entry>) => new Map([...entries].map(([name, each]) => [name, entry(each)]));
  return {
    ...sections,
    name: sections.name && interpolate(sections.name),
    plugins: sections.plugins && entry(sections.plugins),
    settings: sections.settings && entry(sections.settings),
    connectors: all(sections.connectors),
    topologies: all(sections.topologies),
  };
}

function understand(
  sections: Sections,
  context: Context,
): Pick<Spec, 'name' | 'nameTree' | 'settings' | 'connectors' | 'topologies'> {
  const connectors = readConnectors(sections.connectors, context);
  const names = readSettingsNames(sections.settings, connectors, context);
  const settings = { ...readSettings(sections.settings, sections.main, context), ...names };
  const topologies = readTopologies(sections.topologies, { connectors, context, deadLetter: names.deadLetter });
  for (const topology of topologies.values()) {
    checkFlow(topology, connectors, context);
    checkPathGuarantees(topology, context);
  }
  return { name: readName(sections, context), nameTree: sections.name, settings, connectors, topologies };
}

/** The name that the file gives, else that of the file. */
function readName({ name, main }: Sections, { problems, folder }: Context): string {
  if (name === undefined || isNothing(name)) return stem(main.path);
  const { schema, owner } = { schema: pipelineStructure.properties.name, owner: name.at };
  const { value } = checkTree(name, { schema, subject: 'name', owner, problems, folder });
  return typeof value === 'string' && value !== '' ? value : stem(main.path);
}

function stem(path: string): string {
  return basename(path, extname(path));
}
