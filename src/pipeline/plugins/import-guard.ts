import { isMainThread, Worker } from 'node:worker_threads';

/** How long a blocked thread may take to notice by itself that the time is over, ms. */
const graceMs = 1000;

// A thread in which a module loops for ever can do nothing about it: its timers wait for the end of the loop. Another thread
// ends what it runs, and the timer goes off. JavaScript as a text: a file of its own would have to be found after bundling.
const watching = `
const { Session } = require('node:inspector');
const { workerData } = require('node:worker_threads');
const isOver = new Int32Array(workerData.isOver);
if (Atomics.wait(isOver, 0, 0, workerData.ms) === 'timed-out') {
  const session = new Session();
  session.connectToMainThread();
  session.post('Runtime.terminateExecution');
}
`;

/**
 * What `work` gives, which imports modules. If one of them loops for longer than `ms`, the loop is ended: then `work` never
 * resolves, and has to have a timer of its own.
 */
export async function unblocked<T>(ms: number, work: () => Promise<T>): Promise<T> {
  if (!isMainThread) return work();
  const isOver = new SharedArrayBuffer(4);
  const guard = new Worker(watching, { eval: true, workerData: { isOver, ms: ms + graceMs } });
  // A Node.js without an inspector: a loop is not ended then, and all else is as it was.
  guard.on('error', () => {});
  try {
    return await work();
  } finally {
    Atomics.store(new Int32Array(isOver), 0, 1);
    Atomics.notify(new Int32Array(isOver), 0);
    await guard.terminate();
  }
}

/** What `work` gives; `tell` is called if the process ends meanwhile, by a `process.exit()` in a module. */
export async function tellingOfExit<T>(tell: () => void, work: () => Promise<T>): Promise<T> {
  process.once('exit', tell);
  try {
    return await work();
  } finally {
    process.off('exit', tell);
  }
}
