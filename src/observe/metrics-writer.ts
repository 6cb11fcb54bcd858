import type { Metric } from 'prom-client';
import type { MetricFamily } from './metric-family.ts';

/** Writes metrics in Prometheus' text format. */
export interface MetricsWriter {
  readonly contentType: string;
  /** The families, and what Node.js tells about the process: CPU, memory, event loop, garbage collection. */
  write(families: readonly MetricFamily[]): Promise<string>;
}

/** Loads the Prometheus client, which a process that nobody scrapes never needs. */
export async function createMetricsWriter(): Promise<MetricsWriter> {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  return {
    contentType: ofProcess.contentType,
    write: (families) => {
      const registry = Registry.merge([ofProcess]);
      // The client's own classes count by themselves; here the counting was done, and only the writing is wanted.
      for (const family of families)
        registry.registerMetric({ ...family, get: async () => family } as unknown as Metric);
      return registry.metrics();
    },
  };
}
