/** One line of Prometheus' text format. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads Prometheus' text format; fails on a line that it would not take. */
export function parseMetrics(text: string): readonly Series[] {
  const typed = new Set([...text.matchAll(/^# TYPE (\S+) \S+$/gm)].map(([, name]) => name));
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [, name = '', inner, value] =
        /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (NaN|[+-]?(?:Inf|[\d.]+(?:e[+-]?\d+)?))$/i.exec(line) ?? [];
      const pairs = [...(inner ?? '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"(?:,|$)/g)];
      const family = name.replace(/_(bucket|sum|count)$/, '');
      const isWhole = pairs.map(([pair]) => pair).join('') === (inner ?? '');
      if (!isWhole || value === undefined || !(typed.has(name) || typed.has(family)))
        throw new Error(`not Prometheus' text format: ${line}`);
      return { name, labels: Object.fromEntries(pairs.map(([, label, text]) => [label, text])), value: Number(value) };
    });
}

/** The value of a series; fails when there is not exactly one. */
export function figure(series: readonly Series[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = series.filter(
    (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
  );
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`${found.length} series ${name} ${JSON.stringify(labels)}`);
  return only.value;
}

/** What breaks the sums that hold in every scrape: of each topology, of each node, and of the histogram. */
export function brokenSums(series: readonly Series[]): readonly string[] {
  const topologies = series.filter(({ name }) => name === 'fdp_messages_read_total');
  const nodes = series.filter(({ name }) => name === 'fdp_node_in_flight');
  const broken: string[] = [];
  const compare = (what: string, left: number, right: number) => {
    if (left !== right) broken.push(`${what}: ${left} is not ${right}`);
  };
  for (const { labels, value } of topologies) {
    const of = (name: string) => figure(series, name, labels);
    const ends = ['delivered', 'filtered', 'rejected', 'released'].map((end) => of(`fdp_messages_${end}_total`));
    compare(
      `${labels['topology']}`,
      value,
      ends.reduce((sum, end) => sum + end, of('fdp_in_flight')),
    );
    const name = 'fdp_end_to_end_latency_seconds';
    const buckets = series.filter(
      (each) => each.name === `${name}_bucket` && each.labels['topology'] === labels['topology'],
    );
    compare(`${labels['topology']} +Inf`, buckets.at(-1)?.value ?? -1, of(`${name}_count`));
    for (const [place, bucket] of buckets.entries())
      if (bucket.value < (buckets[place - 1]?.value ?? 0)) broken.push(`${name}: ${bucket.labels['le']} falls`);
  }
  for (const { labels, value } of nodes) {
    const flow = (name: string) => figure(series, 'fdp_node_messages_total', { ...labels, flow: name });
    const out = flow('out') + flow('filtered') + flow('rejected') + flow('released') + value;
    compare(`${labels['topology']}/${labels['node']}`, flow('in') + flow('made'), out);
  }
  if (topologies.length === 0 || nodes.length === 0) broken.push('there is no topology or no node');
  return broken;
}
