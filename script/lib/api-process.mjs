/** Starts the API process, for script/server and the tests. */
import { spawn } from 'node:child_process';
import { BACKEND, NODE } from './build.mjs';

/** glibc (mallopt(3)) then returns large freed blocks to the system: 8 MB less for an idle API. backend/Dockerfile sets the same for the image. */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: '32768' };

export function spawnApi(env, stdio) {
  return spawn(NODE, ['dist/main.js'], { cwd: BACKEND, env: { ...MALLOC, ...env }, stdio });
}
