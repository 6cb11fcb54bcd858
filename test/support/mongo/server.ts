import { MongoClient } from 'mongodb';

/** Resolves when the server responds; as primary, if it is to be a replica set. */
export async function mongoAnswers(port: number, replicaSet: boolean): Promise<void> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 1000,
    connectTimeoutMS: 1000,
  });
  try {
    const admin = client.db('admin');
    await admin.command({ ping: 1 });
    if (!replicaSet) return;
    const members = [{ _id: 0, host: `127.0.0.1:${port}` }];
    const initiated = await admin.command({ replSetInitiate: { _id: 'rs0', members } }).catch((error) => error);
    const { isWritablePrimary } = await admin.command({ hello: 1 });
    if (!isWritablePrimary) throw new Error(`not the primary yet: ${initiated}`);
  } finally {
    await client.close();
  }
}

/** The URL for clients. */
export function mongoUrl(port: number, replicaSet: boolean): string {
  return `mongodb://127.0.0.1:${port}/?${replicaSet ? 'replicaSet=rs0' : 'directConnection=true'}`;
}
