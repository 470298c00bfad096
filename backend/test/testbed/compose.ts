import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { unpackNewerPackages } from './debian-packages.js';
import { stateDir } from './state-dir.js';

/** Docker Compose v2, one binary that needs nothing else: the machine's own release has none. */
export async function composeProgram(): Promise<string> {
  const root = join(stateDir.cache, 'compose');
  const program = join(root, 'usr/libexec/docker/cli-plugins/docker-compose');
  if (existsSync(join(root, 'complete'))) return program;
  mkdirSync(root, { recursive: true });
  await unpackNewerPackages(['docker-compose'], root);
  writeFileSync(join(root, 'complete'), '');
  return program;
}
