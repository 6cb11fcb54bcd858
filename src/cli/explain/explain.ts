import { levelText } from '../../pipeline/check/guarantees.ts';
import { type GuaranteedPath, pathsOf, type Weakness } from '../../pipeline/check/paths.ts';
import { chainsOf, type PathChain } from '../../pipeline/give/path-chains.ts';
import { startedTopologies } from '../../pipeline/give/resolve.ts';
import { secretsOf } from '../../pipeline/give/secrets.ts';
import { readSpec } from '../../pipeline/read.ts';
import type { Spec, TopologySpec } from '../../pipeline/spec.ts';
import { jsonResult } from '../shared/json-result.ts';
import { indented, table, wrap } from '../shared/text.ts';
import { checkTopologyNames } from '../shared/usage.ts';
import { type CommandResult, problemsJson, problemText, type SpecRequest } from '../validate.ts';
import { partRows, partsJson } from './parts.ts';

/**
 * `fdp explain [TOPOLOGY...]`: what topologies do, and what each path from a source to a sink guarantees: all that start, or
 * those that are named here or by `--topology`. Mistakes of the pipeline are shown instead (exit code 2); a variable that is
 * not set is none.
 * @throws FDP_USAGE if there is no such topology
 */
export function explain(
  request: SpecRequest,
  named: readonly string[],
  { json = false, columns = 100 }: { readonly json?: boolean; readonly columns?: number | undefined } = {},
): CommandResult {
  const spec = readSpec(request);
  const { problems } = spec;
  if (problems.size > 0)
    return { text: json ? problemsJson(problems.list) : problemText(problems.list, request.folder), exitCode: 2 };
  const asked = [...named, ...(request.topologies ?? [])];
  checkTopologyNames('explain', spec, asked);
  const explained = startedTopologies(spec, asked);
  const chains = chainsThrough(spec, explained);
  if (json)
    return jsonResult({ topologies: explained.map((each) => topologyJson(each, spec)), chains: chains.map(chainJson) });
  const width = Math.min(Math.max(columns, 60), 120);
  const pages = explained.map((topology) => topologyPage(topology, spec, width));
  const all = chains.length === 0 ? pages : [...pages, chainPage(chains, width)];
  return { text: `${all.map((lines) => lines.join('\n')).join('\n\n')}\n`, exitCode: 0 };
}

/** The chains of what starts by itself and what is explained, if they pass through something that is explained. */
function chainsThrough(spec: Spec, explained: readonly TopologySpec[]): readonly PathChain[] {
  const names = explained.map(({ name }) => name);
  const known = [...spec.topologies.values()].filter(({ name, autostart }) => autostart || names.includes(name));
  return chainsOf(known).filter(({ paths }) => paths.some(({ topology }) => names.includes(topology)));
}

// ---- as text ----------------------------------------------------------------------------------------------------

function topologyPage(topology: TopologySpec, spec: Spec, width: number): readonly string[] {
  const { name, description } = topology;
  const mask = secretsOf(spec);
  const hide = (text: string) => mask(text, {}, []);
  return [
    ...wrap(description === '' ? name : `${name}: ${description}`, width),
    ...indented(table(partRows(topology, hide), width - 2)),
    '',
    ...indented(table(alike(pathsOf(topology)).flatMap(pathRows), width - 2)),
  ];
}

/** Routes that promise the same are one row. */
function alike(paths: readonly GuaranteedPath[]): readonly (readonly [GuaranteedPath, string])[] {
  const [first] = paths;
  const isRouted = first !== undefined && first.hops.at(-1)?.kind !== 'sink';
  if (!isRouted) return paths.map((path) => [path, pathText(path)]);
  const count = paths.length === 1 ? '1 route' : `${paths.length} routes`;
  return [[first, `${first.hops[0]?.name} → ${count} → reply`]];
}

function pathRows([path, text]: readonly [GuaranteedPath, string]): readonly (readonly string[])[] {
  const { guarantee, why, weakest, weaknesses } = path;
  const first = [text, levelText(guarantee), why ?? weaknessText(weakest)];
  const other = weaknesses.find((each) => each.guarantee !== guarantee);
  return other ? [first, ['', '', `also ${weaknessText(other)}`]] : [first];
}

/** Its connectors. */
function pathText({ hops }: GuaranteedPath): string {
  return hops
    .filter(({ kind }) => kind !== 'operator')
    .map(({ name }) => name)
    .join(' → ');
}

function weaknessText(weakness: Weakness | undefined): string {
  return weakness ? `${weakness.hop.name}: ${weakness.why}` : '';
}

function chainPage(chains: readonly PathChain[], width: number): readonly string[] {
  const rows = chains.map((chain) => {
    const { guarantee, weakest, onward } = chain;
    const why = weakest ? `weakest hop ${weaknessText(weakest)}` : 'no hop loses or repeats a message';
    const rest = onward ? `; from ${onward.from} on ${levelText(onward.guarantee)}` : '';
    return [chainText(chain), levelText(guarantee), why + rest];
  });
  return ['from end to end', ...indented(table(rows, width - 2))];
}

/** The log between two paths is named once. */
function chainText({ paths }: PathChain): string {
  return paths.map((path, index) => pathText({ ...path, hops: path.hops.slice(index === 0 ? 0 : 1) })).join(' → ');
}

// ---- as JSON ----------------------------------------------------------------------------------------------------

function topologyJson(topology: TopologySpec, spec: Spec): object {
  const { name, description, guarantee } = topology;
  const mask = secretsOf(spec);
  return {
    ...{ name, description, declared: guarantee?.level ?? null },
    ...partsJson(topology, (text) => mask(text, {}, [])),
    paths: pathsOf(topology).map(pathJson),
  };
}

function pathJson({ topology, name, hops, bestEffort, guarantee, weakest, weaknesses, why }: GuaranteedPath): object {
  return {
    ...{ topology, name, hops: hops.map((hop) => hop.name), best_effort: bestEffort, guarantee },
    weakest: weakest ? weaknessJson(weakest) : null,
    ...(why === undefined ? {} : { why }),
    weaknesses: weaknesses.map(weaknessJson),
  };
}

function weaknessJson({ hop, guarantee, why, cure }: Weakness): object {
  return { hop: hop.name, kind: hop.kind, guarantee, why, ...(cure === undefined ? {} : { cure }) };
}

function chainJson(chain: PathChain): object {
  const { paths, guarantee, weakest, onward } = chain;
  return {
    paths: paths.map(({ topology, name, hops }) => ({ topology, name, hops: hops.map((hop) => hop.name) })),
    guarantee,
    weakest: weakest ? weaknessJson(weakest) : null,
    ...(onward ? { onward } : {}),
  };
}
