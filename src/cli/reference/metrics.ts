import { engineFigures } from '../../engine/figures.ts';
import type { Figure } from '../../kit/figures.ts';
import { metricFamilies } from '../../observe/metrics.ts';
import type { Components } from '../../pipeline/give/json-schema.ts';
import { code, markdownPage, markdownTable } from '../shared/markdown.ts';

/** docs/reference/metrics.md: every family of `/metrics`, from what makes it. */
export function metricsReference({ connectors, operators }: Components): string {
  const empty = { at: 0, pid: 0, host: '', instance: '', version: '', startedAt: 0, ready: true, topologies: [] };
  const families = metricFamilies(empty, { node: '', figuresOf: () => ({}) });
  const isFormer = ({ help }: { readonly help: string }) => help.startsWith('Deprecated');
  const rows = (former: boolean) =>
    families.filter((family) => isFormer(family) === former).map(({ name, type, help }) => [code(name), type, help]);
  const declared = [...connectors, ...operators].flatMap(({ type, figures = {} }) =>
    Object.entries(figures).map(([name, figure]) => ({ type, name, figure })),
  );
  return markdownPage('Metrics', [
    'Every process serves Prometheus metrics on `http://127.0.0.1:9464/metrics` (`OBSERVE_HOST`, `OBSERVE_PORT`). All figures of one scrape come from one snapshot, so the sums below hold in each. Counters begin at the start of the process. Metrics of Node.js (`process_*`, `nodejs_*`) are there too.',
    markdownTable(['metric', 'type', 'meaning'], rows(false)),
    '`fdp_topology_*` and `fdp_messages_*` have the label `topology`; `fdp_node_*` have `topology`, `node`, `kind` (source, operator, sink, lookup or dead_letter) and `type`; `fdp_feed_*` have `topology`, `node` and `type`, for each source that can miss messages.',
    '## Of some components',
    'Labels are those of `fdp_node_*`. What the engine counts, any node may have.',
    markdownTable(['metric', 'type', 'of', 'meaning'], figureRows(declared)),
    '## Deprecated',
    'Families of earlier versions, in which a label (`event`, `level`) said what was counted. They will be removed in the next release.',
    markdownTable(['metric', 'type', 'meaning'], rows(true)),
  ]);
}

interface Declared {
  readonly type: string;
  readonly name: string;
  readonly figure: Figure;
}

function figureRows(declared: readonly Declared[]): readonly (readonly string[])[] {
  const all = [
    ...Object.entries(engineFigures).map(([name, figure]) => ({ type: 'engine', name, figure })),
    ...declared.filter(({ name }) => name !== 'reconnects'),
  ];
  const metrics = [...new Set(all.map(({ figure }) => figure.metric))].sort();
  return metrics.map((metric) => {
    const same = all.filter(({ figure }) => figure.metric === metric);
    const types = [...new Set(same.map(({ type }) => type))];
    const [first] = same;
    const label = first?.figure.label === undefined ? '' : `{${first.figure.label}}`;
    return [code(`fdp_node_${metric}${label}`), first?.figure.type ?? '', types.join(', '), first?.figure.help ?? ''];
  });
}
