/**
 * Where the test bed keeps what it needs. `cache/` and `reg/` survive a tear-down (building them costs minutes); `run/` holds pid
 * files and what is known about running engines, `data/` what those engines write; both are gone after a tear-down.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.BERTH_TESTBED_DIR ?? '/tmp/berth-testbed';

export const stateDir = {
  root,
  run: join(root, 'run'),
  log: join(root, 'log'),
  data: join(root, 'data'),
  cache: join(root, 'cache'),
  registries: join(root, 'reg'),
};

export function createStateDir(): void {
  for (const directory of Object.values(stateDir)) mkdirSync(directory, { recursive: true });
}
