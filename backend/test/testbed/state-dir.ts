/**
 * Where the test bed keeps what it needs. `cache` and `images` are made once and serve every run (making them takes minutes); everything
 * else belongs to one run and goes with it.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env.BERTH_TESTBED_DIR ?? '/tmp/berth-testbed';
/** Set by world.sh. On a machine that exists for tests only, there is one such folder. */
const run = process.env.BERTH_WORLD ?? join(root, 'worlds/host');

export const stateDir = {
  cache: join(root, 'cache'),
  images: join(root, 'reg'),
  registries: join(run, 'reg'),
  run: join(run, 'run'),
  log: join(run, 'log'),
  data: join(run, 'data'),
  database: join(run, 'database'),
};

export function createStateDir(): void {
  for (const directory of Object.values(stateDir)) mkdirSync(directory, { recursive: true });
}
