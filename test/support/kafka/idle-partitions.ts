import { linkedAbort, systemClock } from '../../../src/kit/clock.ts';
import { KafkaProcess } from './harness.ts';

// `node --expose-gc --import tsx idle-partitions.ts BROKERS TOPIC PARTITIONS SECONDS EVERY`: reads a topic without new
// messages, and prints the size of the heap as JSON lines.
const [brokers = '', topic = '', partitions = '', seconds = '', every = ''] = process.argv.slice(2);
let warnings = 0;
process.on('warning', () => warnings++);

await using reader = await KafkaProcess.on(brokers, { topic, partitions: Number(partitions) });
const { lanes } = await reader.openSource({ group: topic });
for (const lane of lanes) void lane.read(linkedAbort().controller.signal);

const started = systemClock.monotonic();
for (let elapsed = 0; elapsed < Number(seconds); ) {
  await systemClock.sleep(Number(every) * 1000);
  elapsed = (systemClock.monotonic() - started) / 1000;
  // What becomes free in the first pass (weak references, finalizers) is collected in the second.
  for (let pass = 0; pass < 3; pass++) {
    globalThis.gc?.();
    await systemClock.turn();
  }
  const line = { seconds: Math.round(elapsed), lanes: lanes.length, heap: process.memoryUsage().heapUsed, warnings };
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
