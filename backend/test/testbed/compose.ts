import { join } from 'node:path';
import { cached } from './cached.js';
import { unpackNewerPackages } from './debian-packages.js';
import { stateDir } from './state-dir.js';

/** Docker Compose v2, one binary that needs nothing else: the machine's own release has none. */
export async function composeProgram(): Promise<string> {
  const target = join(stateDir.cache, 'compose-root');
  const root = await cached(target, (unfinished) => unpackNewerPackages(['docker-compose'], unfinished));
  return join(root, 'usr/libexec/docker/cli-plugins/docker-compose');
}
