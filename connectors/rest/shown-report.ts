import type { StatusReport } from '../../src/kit/snapshot.ts';

/** The report without addresses and options of connectors: hosts, files and limits are for whoever runs the platform. */
export function withoutConnections(report: StatusReport): StatusReport {
  const { process, topologies } = report;
  const operators = new Map(
    process.topologies.map(({ name, nodes }) => [
      name,
      new Set(nodes.filter(({ kind }) => kind === 'operator').map((node) => node.name)),
    ]),
  );
  const shown = Object.entries(topologies).map(([name, { description, options }]) => {
    const kept = Object.entries(options).filter(([node]) => operators.get(name)?.has(node));
    return [name, { description, options: Object.fromEntries(kept) }];
  });
  const running = process.topologies.map((topology) => ({
    ...topology,
    nodes: topology.nodes.map(({ address: _, ...node }) => node),
  }));
  return { ...report, process: { ...process, topologies: running }, topologies: Object.fromEntries(shown) };
}
