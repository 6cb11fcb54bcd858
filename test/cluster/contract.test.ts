import { mongodb } from '../../connectors/mongodb/index.ts';
import { systemClock } from '../../src/kit/clock.ts';
import type { SourceMessage } from '../../src/kit/message.ts';
import { benchOf } from '../support/contracts/bench.ts';
import { messageWith } from '../support/contracts/log-harness.ts';
import { sinkContract } from '../support/contracts/sink-contract.ts';
import { sourceContract } from '../support/contracts/source-contract.ts';
import { rowMessage } from '../support/contracts/table-harness.ts';
import { browse, KafkaProcess } from '../support/kafka/harness.ts';
import { mongoWorld } from '../support/mongo/world.ts';
import { onServices } from '../support/services/cluster.ts';

const numberOf = ({ value }: Pick<SourceMessage, 'value'>) => (value as { number: number }).number;
const numbered = (number: number) => messageWith({ number }, { key: `k${number}` });

onServices('contracts', ({ kafka: brokers, mongo: url }) => {
  sourceContract('kafka', async () => {
    const process = await KafkaProcess.on(brokers);
    const context = process.context();
    let next = 0;
    return {
      ...{ clock: systemClock, node: context.node, source: process.source({}, context), numberOf },
      give: (count) => process.append(Array.from({ length: count }, () => numbered(next++))),
      dispose: () => process[Symbol.asyncDispose](),
    };
  });

  sinkContract('kafka', async () => {
    const process = await KafkaProcess.on(brokers, { partitions: 1, max_message_bytes: '1KiB' });
    return {
      ...{ clock: systemClock, sink: process.sink(), message: numbered },
      refused: (number) => messageWith({ number, text: 'x'.repeat(2000) }, { key: `k${number}` }),
      stored: async () => (await browse(process)).map(numberOf),
      dispose: () => process[Symbol.asyncDispose](),
    };
  });

  sinkContract('mongodb', async () => {
    const world = await mongoWorld(url);
    const options = { ...world.target, fields: { number: 'int64' }, unique: 'number' };
    const bench = await benchOf(mongodb, options, systemClock);
    return {
      ...{ clock: systemClock, guarantee: bench.guarantee, sink: bench.sink() },
      message: (number) => rowMessage({ number }, { offset: number }),
      refused: (number) => rowMessage({ number: 'none' }, { offset: number }),
      stored: async () => (await world.db.collection('rows').find().toArray()).map((row) => Number(row['number'])),
      dispose: async () => {
        await bench.connector.close();
        await world.dispose();
      },
    };
  });
});
