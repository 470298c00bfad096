/** The API's process, as script/server and the tests start it. */
import { spawn } from 'node:child_process';
import { BACKEND, NODE } from './build.mjs';

/** glibc (mallopt(3)) returns large blocks to the system when they are freed: 8 MB of an idle API. backend/Dockerfile says the same for its image. */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: '32768' };

export function spawnApi(env, stdio) {
  return spawn(NODE, ['dist/main.js'], { cwd: BACKEND, env: { ...MALLOC, ...env }, stdio });
}
