/** Starts the API process, for script/server and the tests. */
import { spawn } from 'node:child_process';
import { BACKEND, NODE } from './build.mjs';

/** glibc (mallopt(3)) then returns large freed blocks to the system: 8 MB less for an idle API. backend/Dockerfile sets the same for the image. */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: '32768' };

/** Node's documented bound of the young generation: without it, a burst of requests lets it grow by 100 MB. backend/Dockerfile says the same. */
const HEAP = ['--max-semi-space-size=4'];

export function spawnApi(env, stdio) {
  return spawn(NODE, [...HEAP, 'dist/main.js'], { cwd: BACKEND, env: { ...MALLOC, ...env }, stdio });
}
