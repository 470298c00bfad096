/** The API's process, as script/server and the tests start it. */
import { spawn } from 'node:child_process';
import { BACKEND, NODE } from './build.mjs';
import { weighApi } from './cpu-group.mjs';

/**
 * glibc (mallopt(3)): what is large goes back to the system when it is freed, which is 8 MB of an idle API, most of them left by V8's compilers
 * (docs/adr/0006). backend/Dockerfile says the same for its image.
 */
const MALLOC = { MALLOC_MMAP_THRESHOLD_: '32768' };

export function spawnApi(env, stdio) {
  const api = spawn(NODE, ['dist/main.js'], { cwd: BACKEND, env: { ...MALLOC, ...env }, stdio });
  if (api.pid) weighApi(api.pid);
  return api;
}
