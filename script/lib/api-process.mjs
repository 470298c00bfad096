/** Starts the API process, for script/server and the tests. */
import { spawn } from 'node:child_process';
import { BACKEND, NODE } from './build.mjs';

/** Node's documented bound of the young generation: without it, a burst of requests lets it grow by 100 MB. backend/Dockerfile says the same. */
const HEAP = ['--max-semi-space-size=4'];

export function spawnApi(env, stdio) {
  return spawn(NODE, [...HEAP, 'dist/main.js'], { cwd: BACKEND, env, stdio });
}
