import { once } from 'node:events';
import { startKafka, startMongo } from './services.ts';

// `npm run services`: runs Kafka and MongoDB for manual use, until Ctrl-C.
const starting = await Promise.allSettled([startKafka(), startMongo()]);
const services = starting.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
const [kafka, mongo] = services;
try {
  for (const one of starting) if (one.status === 'rejected') throw one.reason;
  process.stdout.write(`# for the tests
export FDP_TEST_KAFKA_BROKERS=${kafka?.address} MONGO_URL_TEST='${mongo?.address}'
# for fdp --profile cluster
export KAFKA_BROKERS=${kafka?.address} MONGODB_URL='${mongo?.address}'
# Ctrl-C stops both and removes their data
`);
  const waiting = setInterval(() => {}, 60_000);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  clearInterval(waiting);
} finally {
  await Promise.all(services.map((service) => service.stop()));
}
