import { type Admin, Kafka, logLevel } from 'kafkajs';

async function asAdmin<T>(brokers: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [brokers], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Removes the records of partition 0 before an offset, as retention does. */
export function removeUntil(brokers: string, topic: string, offset: number): Promise<void> {
  const partitions = [{ partition: 0, offset: String(offset) }];
  return asAdmin(brokers, async (admin) => {
    await admin.fetchTopicOffsets(topic); // learns the leader
    await admin.deleteTopicRecords({ topic, partitions });
  });
}

export function removeTopic(brokers: string, topic: string): Promise<void> {
  return asAdmin(brokers, (admin) => admin.deleteTopics({ topics: [topic] }));
}

export function addPartitions(brokers: string, topic: string, count: number): Promise<unknown> {
  return asAdmin(brokers, (admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }));
}

/** The client ids of a group's members, as Kafka's tools show them. */
export function clientIds(brokers: string, group: string): Promise<readonly string[]> {
  return asAdmin(brokers, async (admin) => {
    const { groups } = await admin.describeGroups([group]);
    return groups.flatMap(({ members }) => members.map(({ clientId }) => clientId));
  });
}
