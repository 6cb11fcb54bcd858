/** Marks the character that a problem must point at. */
export const marker = '‸';

export const usual = `connectors:
  mock: { type: mock, symbols: [A] }
  log: { type: kafka, brokers: "b:1", topic: t }
  letters: { type: kafka, brokers: "b:1", topic: l }
  table: { type: mongodb, url: "mongodb://x", database: d, collection: c, fields: { symbol: string, price: decimal } }
  counts: { type: mongodb, url: "mongodb://x", database: d, collection: n, fields: { symbol: string, n: int64 }, unique: symbol }
  http: { type: rest, listen: "127.0.0.1:8000" }
  feed: { type: tcp, listen: "127.0.0.1:8888" }
`;
export const flow = `topologies:
  t: { source: mock, sink: log }
`;

/** The usual connectors, further ones, and a valid topology. */
export const withConnectors = (more: string): string => `${usual}${more}\n${flow}`;
/** The usual connectors, and topologies. */
export const withTopologies = (topologies: string): string => `${usual}topologies:\n${topologies}\n`;
export const withOperators = (operators: string, sink = 'log'): string =>
  withTopologies(`  t:\n    source: mock\n    operators:\n${operators}\n    sink: ${sink}`);
export const withSinks = (sinks: string): string => withTopologies(`  t:\n    source: mock\n    sinks:\n${sinks}`);
export const withRoutes = (routes: string): string => withTopologies(`  t:\n    source: http\n    routes:\n${routes}`);
export const withSettings = (settings: string): string => `${usual}${flow}settings: ${settings}\n`;

/** The mistake, the text with a marker at each expected position, and a part of each message or hint, in order. */
export type BrokenSpec = readonly [title: string, text: string, ...parts: readonly string[]];
