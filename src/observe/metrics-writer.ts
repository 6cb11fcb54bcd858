import type { Metric } from 'prom-client';
import type { MetricFamily } from './metric-family.ts';

/** Writes metrics in Prometheus' text format. */
export interface MetricsWriter {
  readonly contentType: string;
  /** The families, and those of Node.js about the process: CPU, memory, event loop, garbage collection. */
  write(families: readonly MetricFamily[]): Promise<string>;
}

/** Loads the Prometheus client, on the first scrape. */
export async function createMetricsWriter(): Promise<MetricsWriter> {
  const { Registry, collectDefaultMetrics } = await import('prom-client');
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  return {
    contentType: ofProcess.contentType,
    write: (families) => {
      const registry = Registry.merge([ofProcess]);
      // The client's classes count by themselves; the counts exist already and only have to be written.
      for (const family of families)
        registry.registerMetric({ ...family, get: async () => family } as unknown as Metric);
      return registry.metrics();
    },
  };
}
