import { Kafka, logLevel } from 'kafkajs';
import { expect, it } from 'vitest';
import { mongoAnswers } from '../support/mongo/server.ts';
import { onOwnServices, onServices } from '../support/services/cluster.ts';
import { databaseUrl, randomName, startKafka, startMongo } from '../support/services/services.ts';

function kafkaAt(address: string): Kafka {
  return new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });
}

onServices('the shared servers', ({ mongo }) => {
  it('are no place for the database that people use', () => {
    expect(() => databaseUrl(mongo, 'financialDataDatabase')).toThrow('no database for tests');
    expect(databaseUrl(mongo, randomName())).toMatch(/\/test-[0-9a-f]{12}/);
  });
});

onOwnServices.concurrent('a server of its own', () => {
  it('keeps its data and address when it is killed and started again', async () => {
    const kafka = await startKafka();
    try {
      const admin = kafkaAt(kafka.address).admin();
      await admin.createTopics({ topics: [{ topic: 'kept', numPartitions: 2 }] });
      await admin.disconnect();
      await kafka.kill();
      await kafka.restart();
      const again = kafkaAt(kafka.address).admin();
      expect(await again.listTopics()).toContain('kept');
      await again.disconnect();
    } finally {
      await kafka.stop();
    }
  });

  it('freezes and continues, as a replica set', async () => {
    const mongo = await startMongo({ replicaSet: true });
    const port = Number(new URL(mongo.address).port);
    try {
      await mongo.pause();
      await expect(mongoAnswers(port, true)).rejects.toThrow();
      await mongo.resume();
      await mongoAnswers(port, true);
    } finally {
      await mongo.stop();
    }
  });
});
