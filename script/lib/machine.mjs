import { chmodSync, existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { BACKEND, isBuilt, packagesAreInstalled } from './build.mjs';
import { findEngine, planEngine } from './engine.mjs';
import { EXIT, Failure, reason } from './failure.mjs';
import { lockHolder } from './lock.mjs';

const NEEDED_BYTES = 2e9;

/** What is there and what will be done, a line each; throws when something stands in the way. Changes nothing. */
export async function* look(settings) {
  const { dataDir, ownDatabase, host, port } = settings;
  yield there(`Node.js ${process.version}`);
  checkSpace([dataDir, BACKEND]);
  await checkPort(settings);
  yield there(`Port ${port} on ${host} is free`);
  yield packagesAreInstalled() ? there('npm packages') : will('npm packages', 'will be installed (npm ci)');
  yield packagesAreInstalled() && isBuilt() ? there('Program') : will('Program', 'will be built');
  const engine = await findEngine(settings);
  yield engine ? there(`Docker Engine ${engine.version}`) : will('Docker Engine', planEngine());
  yield engine?.swarm === 'active' ? there('Swarm') : will('Swarm', 'will be initialised');
  if (!ownDatabase) yield there('PostgreSQL of DATABASE_URL');
  else if (existsSync(path.join(dataDir, 'postgres/data'))) yield there(`PostgreSQL, embedded, in ${dataDir}/postgres`);
  else yield will('PostgreSQL', `will be set up, embedded, in ${dataDir}/postgres`);
}

export function ensureDataDir(dataDir) {
  try {
    const made = mkdirSync(dataDir, { recursive: true });
    // Whatever our umask is: PostgreSQL runs as a user of its own and has to get through.
    for (let folder = dataDir; made && folder.startsWith(made); folder = path.dirname(folder)) chmodSync(folder, 0o711);
    const probe = path.join(dataDir, `.probe.${process.pid}`);
    writeFileSync(probe, 'x');
    rmSync(probe);
  } catch (error) {
    const advice =
      error.code === 'ENOSPC'
        ? 'free some space, or set DATA_DIR to a folder on another disk'
        : 'run script/server as root, or set DATA_DIR to a folder of yours';
    throw new Failure(`Berth cannot write to ${dataDir} (${reason(error)}): ${advice}.`);
  }
}

export function alreadyRunning({ pid, url }) {
  return new Failure(`Berth is already running here (pid ${pid}, ${url}).`, EXIT.failed);
}

export function checkNobodyRuns({ dataDir }) {
  const holder = lockHolder(dataDir);
  if (holder) throw alreadyRunning(holder);
}

function checkSpace(folders) {
  for (const folder of folders.map(nearestExisting)) {
    const { bavail, bsize } = statfsSync(folder);
    if (bavail * bsize < NEEDED_BYTES)
      throw new Failure(
        `Only ${((bavail * bsize) / 1e9).toFixed(1)} GB are free on the disk of ${folder}: Berth needs 2 GB, free some space.`,
      );
  }
}

function nearestExisting(folder) {
  return existsSync(folder) ? folder : nearestExisting(path.dirname(folder));
}

/** Another program that answers there must not pass for the API. */
function checkPort({ host, port }) {
  const told = {
    EADDRINUSE: [`Port ${port} is taken by another program: stop it, or set PORT to another port.`, EXIT.portTaken],
    EACCES: [`Port ${port} is for root only: run script/server as root, or set PORT to 1024 or above.`, EXIT.portTaken],
    EADDRNOTAVAIL: [`This machine does not have the address ${host}: put HOST right.`, EXIT.config],
    ENOTFOUND: [`The name ${host} is unknown here: put HOST right.`, EXIT.config],
  };
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error) =>
      reject(new Failure(...(told[error.code] ?? [`Port ${port} on ${host} cannot be used (${reason(error)}).`]))),
    );
    server.listen({ host, port }, () => server.close(resolve));
  });
}

const there = (what) => `✓ ${what}`;
const will = (what, happens) => `→ ${what}: ${happens}`;
