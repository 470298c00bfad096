/**
 * Everything real that the medium and e2e tests talk to, in one call. What runs already is used; what is missing is started. A
 * tear-down ends what the test bed started, in this run or in an earlier one that was killed, and nothing else.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recallDisplacedEngine } from './displaced-engine.js';
import { Engine, type EngineKind, KINDS } from './engine.js';
import { ensureImages } from './images.js';
import { isRunning } from './processes.js';
import { hub, privateRegistry, type Registry, startRegistries, stopRegistries } from './registries.js';
import { createStateDir, stateDir } from './state-dir.js';

export interface Testbed {
  dockerHost: string;
  engine: Engine;
  hub: Registry;
  privateRegistry: Registry;
  stop(): Promise<void>;
}

const ownerFile = join(stateDir.run, 'owner');
const KEPT = 'kept';

export async function startTestbed(kind = chosenEngine()): Promise<Testbed> {
  if (process.getuid?.() !== 0) throw new Error('the test bed starts a Docker Engine: run it as root');
  createStateDir();
  const ownsTestbed = claimTestbed();
  const engine = new Engine(kind);
  try {
    await startRegistries();
    await ensureImages();
    await engine.start();
  } catch (error) {
    if (ownsTestbed) await stopTestbed();
    throw error;
  }
  return {
    dockerHost: engine.dockerHost,
    engine,
    hub,
    privateRegistry,
    stop: async () => {
      if (ownsTestbed) await stopTestbed();
    },
  };
}

/** Ends what a run that was killed has left behind; what another run uses, or what was kept on purpose, stays. */
export async function tearDownTestbed(): Promise<void> {
  if (!existsSync(stateDir.run)) return;
  if (claimTestbed()) await stopTestbed();
}

/** For a test file's own use of the engine that the run has started. */
export function engineUnderTest(): Engine {
  return new Engine(chosenEngine());
}

function chosenEngine(): EngineKind {
  const chosen = process.env.BERTH_ENGINE || 'distro';
  if (chosen !== 'distro' && chosen !== 'current')
    throw new Error(`BERTH_ENGINE is ${chosen}: it must be distro or current`);
  return chosen;
}

/**
 * A test bed that was kept on purpose, or that another living run has started, is used without ending it. BERTH_KEEP_TESTBED=1 keeps
 * it up after the run, BERTH_KEEP_TESTBED=0 ends it even if an earlier run has kept it.
 */
function claimTestbed(): boolean {
  const owner = existsSync(ownerFile) ? readFileSync(ownerFile, 'utf8') : '';
  const keep = process.env.BERTH_KEEP_TESTBED;
  if (keep === '1') {
    writeFileSync(ownerFile, KEPT);
    return false;
  }
  const isOthers = owner === KEPT ? keep !== '0' : Number(owner) !== process.pid && isRunning(Number(owner), 'node');
  if (isOthers) return false;
  writeFileSync(ownerFile, String(process.pid));
  return true;
}

async function stopTestbed(): Promise<void> {
  for (const kind of KINDS) await new Engine(kind).stop();
  await recallDisplacedEngine();
  await stopRegistries();
  for (const directory of [stateDir.data, stateDir.log]) rmSync(directory, { recursive: true, force: true });
  rmSync(ownerFile, { force: true });
}
