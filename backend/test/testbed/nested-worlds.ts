/** Namespaces inside those of the test run, with a state directory of their own. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

export const WORLD_SCRIPT = join(import.meta.dirname, 'world.sh');

/** The caller removes `state`. The programs that are unpacked already are linked, not downloaded again. */
export async function nestedWorlds(): Promise<{ state: string; environment: NodeJS.ProcessEnv }> {
  const state = mkdtempSync(join(tmpdir(), 'berth-worlds-'));
  chmodSync(state, 0o755); // PostgreSQL in there runs as another user
  mkdirSync(join(state, 'cache'));
  const programs = readdirSync(stateDir.cache).find((name) => /^programs-\w+$/.test(name)) ?? 'programs';
  await runCommand('cp', ['-al', join(stateDir.cache, programs), join(state, 'cache', programs)]);
  return { state, environment: { ...process.env, BERTH_TESTBED_DIR: state } };
}
