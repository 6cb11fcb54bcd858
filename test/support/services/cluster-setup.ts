import type { TestProject } from 'vitest/node';
import { means, type Service, startKafka, startMongo } from './services.ts';

/** The servers that all tests of the project share. */
export interface SharedServices {
  /** Brokers, as the option `brokers` takes them. */
  readonly kafka: string;
  /** URL of a standalone mongod, or of the server in MONGO_URL_TEST. */
  readonly mongo: string;
  /** True if a test can start servers of its own, to break them. */
  readonly own: boolean;
}

declare module 'vitest' {
  export interface ProvidedContext {
    services: SharedServices | undefined;
  }
}

/** Finds or starts the two servers, prints which, and passes their addresses to the tests. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { FDP_TEST_KAFKA_BROKERS: brokers, MONGO_URL_TEST: url, CI } = process.env;
  const how = await means();
  if (how.by === undefined && (brokers === undefined || url === undefined)) {
    const text = `tests on Kafka and MongoDB: ${how.why}; set FDP_TEST_KAFKA_BROKERS and MONGO_URL_TEST`;
    if (CI === 'true') throw new Error(text);
    process.stderr.write(`\nSKIPPED: ${text}\n\n`);
    project.provide('services', undefined);
    return async () => {};
  }
  const started: Service[] = [];
  const start = async (make: () => Promise<Service>) => {
    const service = await make();
    started.push(service);
    return service.address;
  };
  const kafka = brokers ?? (await start(startKafka));
  const mongo = url ?? (await start(startMongo));
  const from = (given: unknown) => (given === undefined ? `started, ${how.by}` : 'from the environment');
  process.stdout.write(`Kafka ${kafka} (${from(brokers)}), MongoDB ${mongo} (${from(url)})\n`);
  project.provide('services', { kafka, mongo, own: how.by !== undefined });
  return async () => void (await Promise.all(started.map((service) => service.stop())));
}
