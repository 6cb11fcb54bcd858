/** One line of Prometheus' text format. */
export interface Series {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads Prometheus' text format; fails on a line that Prometheus would not accept. */
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

/** The value of a series; fails unless there is exactly one. */
export function figure(series: readonly Series[], name: string, labels: Readonly<Record<string, string>> = {}): number {
  const found = series.filter(
    (each) => each.name === name && Object.entries(labels).every(([label, value]) => each.labels[label] === value),
  );
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`${found.length} series ${name} ${JSON.stringify(labels)}`);
  return only.value;
}

/** Violations of the sums that hold in every scrape: of each topology, of each node, and of the histogram. */
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
    for (const [index, bucket] of buckets.entries())
      if (bucket.value < (buckets[index - 1]?.value ?? 0)) broken.push(`${name}: ${bucket.labels['le']} falls`);
  }
  for (const { labels, value } of nodes) {
    const flow = (name: string) => figure(series, 'fdp_node_messages_total', { ...labels, flow: name });
    const out = flow('out') + flow('filtered') + flow('rejected') + flow('released') + value;
    compare(`${labels['topology']}/${labels['node']}`, flow('in') + flow('made'), out);
  }
  if (topologies.length === 0 || nodes.length === 0) broken.push('there is no topology or no node');
  return broken;
}

/** Suffixes of metric names with units that are not base units, or are abbreviated. */
const wrongUnits =
  /_(ms|us|ns|s|sec|secs|millis|milliseconds|microseconds|nanoseconds|minutes|hours|days|kb|mb|gb|kib|mib|gib|b|percent)(_|$)/;

/** Problems that Prometheus' linter (`promtool check metrics`) would find in our metrics, without those of Node.js. */
export function metricProblems(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => / ?fdp_/.test(line));
  const helps = lines
    .flatMap((line) => [/^# HELP (\S+) ?(.*)$/.exec(line)?.slice(1, 3) ?? []])
    .filter(([name]) => name);
  const types = lines
    .flatMap((line) => [/^# TYPE (\S+) (\S+)$/.exec(line)?.slice(1, 3) ?? []])
    .filter(([name]) => name);
  const problems: string[] = [];
  const twice = (what: string, names: readonly (string | undefined)[]) => {
    for (const name of names.filter((each, at) => names.indexOf(each) !== at)) problems.push(`${name}: ${what} twice`);
  };
  twice(
    'HELP',
    helps.map(([name]) => name),
  );
  twice(
    'TYPE',
    types.map(([name]) => name),
  );
  const series = parseMetrics(text).filter(({ name }) => name.startsWith('fdp_'));
  twice(
    'series',
    series.map(({ name, labels }) => `${name}${JSON.stringify(Object.entries(labels).sort())}`),
  );
  for (const [name = '', type = ''] of types) {
    const help = helps.find(([named]) => named === name)?.[1] ?? '';
    if (help.trim() === '') problems.push(`${name}: no help`);
    if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(name)) problems.push(`${name}: not in snake_case`);
    if ((type === 'counter') !== name.endsWith('_total'))
      problems.push(`${name}: a ${type}, so _total is wrong or missing`);
    if (type !== 'histogram' && /_(sum|count|bucket)$/.test(name))
      problems.push(`${name}: the end of a histogram's series`);
    if (/_(counter|gauge|histogram|summary)(_|$)/.test(name)) problems.push(`${name}: the type is in the name`);
    if (wrongUnits.test(name)) problems.push(`${name}: not in a base unit`);
  }
  for (const { name, labels } of series)
    if (
      ('le' in labels && !name.endsWith('_bucket')) ||
      'quantile' in labels ||
      'job' in labels ||
      'instance' in labels
    )
      problems.push(`${name}: a reserved label`);
  return problems;
}
