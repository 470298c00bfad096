/**
 * Everything real that the medium and e2e tests talk to, in one call. It runs in namespaces of its own (world.sh) and ends with them;
 * on a machine that exists for tests only (BERTH_TESTBED=host) it is ended here.
 */
import { rmSync } from 'node:fs';
import { locked } from './cached.js';
import { Engine, type EngineKind } from './engine.js';
import { ensureImages } from './images.js';
import { prepareDatabase } from './prepared-database.js';
import { startRegistries, stopRegistries } from './registries.js';
import { runCommand } from './run-command.js';
import { createStateDir, stateDir } from './state-dir.js';

export interface Testbed {
  dockerHost: string;
  stop(): Promise<void>;
}

export async function startTestbed(): Promise<Testbed> {
  const isOnHost = process.env.BERTH_TESTBED === 'host';
  if (!process.env.BERTH_WORLD && !isOnHost)
    throw new Error(
      'medium, e2e and long tests start a Docker Engine, apart from this machine: run them with script/test',
    );
  createStateDir();
  const engine = engineUnderTest();
  const stop = async () => {
    if (!isOnHost) return;
    await engine.stop();
    await stopRegistries();
    for (const directory of [stateDir.data, stateDir.registries, stateDir.database])
      rmSync(directory, { recursive: true, force: true });
  };
  try {
    await Promise.all([provideImages(), prepareDatabase()]);
    await startRegistries(stateDir.registries);
    await engine.start();
  } catch (error) {
    await stop();
    throw error;
  }
  return { dockerHost: engine.dockerHost, stop };
}

/** The run gets a copy: what its tests push is not there in the next one. */
async function provideImages(): Promise<void> {
  await locked('images', async () => {
    await startRegistries(stateDir.images);
    await ensureImages();
    await stopRegistries();
    await runCommand('cp', ['-a', `${stateDir.images}/.`, stateDir.registries]);
  });
}

/** Also for a test file's own use of the engine that the run has started. */
export function engineUnderTest(): Engine {
  return new Engine(chosenEngine());
}

function chosenEngine(): EngineKind {
  const chosen = process.env.BERTH_ENGINE || 'distro';
  if (chosen !== 'distro' && chosen !== 'current')
    throw new Error(`BERTH_ENGINE is ${chosen}: it must be distro or current`);
  return chosen;
}
