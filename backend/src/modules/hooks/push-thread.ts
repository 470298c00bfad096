import { parentPort } from 'node:worker_threads';
import { readPush } from './push-parser.js';

/** Entry of the thread: parses a delivery and posts its push. */
parentPort?.on('message', (json: Uint8Array) => parentPort?.postMessage(readPush(json)));
