/** One metric with all its series, as Prometheus' text format has it. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly values: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** The name of a histogram's part; left out, the family's. */
  readonly metricName?: string;
}

export function counter(name: string, help: string, values: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'counter', values };
}

export function gauge(name: string, help: string, values: readonly MetricSample[]): MetricFamily {
  return { name, help, type: 'gauge', values };
}
