import { parentPort, workerData } from 'node:worker_threads';
import { type PushResult, readPush } from './push-parser.js';

/** Entry of the thread: parses one delivery and posts its push. */
const result: PushResult = readPush(workerData as Uint8Array);
parentPort?.postMessage(result);
