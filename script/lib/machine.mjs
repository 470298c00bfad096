import { chmodSync, existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { BACKEND, isBuilt, packagesAreInstalled } from './build.mjs';
import { findEngine, planEngine } from './engine.mjs';
import { EXIT, Failure, reason } from './failure.mjs';
import { planGit } from './git.mjs';
import { lockHolder } from './lock.mjs';

/** Free space for the first start and for later ones. A later start needs less, so that a nearly full disk does not prevent it. */
const NEEDED_GB = { setUp: 2, run: 0.2 };

/** Yields one line for each thing that exists or will be done. Throws when something prevents the start. Changes nothing. */
export async function* look(settings, { waitForPortMs = 0 } = {}) {
  const { dataDir, ownDatabase, host, port } = settings;
  yield there(`Node.js ${process.version}`);
  checkSpace(BACKEND, packagesAreInstalled() ? NEEDED_GB.run : NEEDED_GB.setUp);
  checkSpace(dataDir, existsSync(path.join(dataDir, 'postgres/data')) ? NEEDED_GB.run : NEEDED_GB.setUp);
  await checkPort(settings, waitForPortMs);
  yield there(`Port ${port} on ${host} is free`);
  yield packagesAreInstalled() ? there('npm packages') : will('npm packages', 'will be installed (npm ci)');
  yield packagesAreInstalled() && isBuilt() ? there('Program') : will('Program', 'will be built');
  const engine = await findEngine(settings);
  yield engine ? there(`Docker Engine ${engine.version}`) : will('Docker Engine', planEngine());
  yield engine?.swarm === 'active' ? there('Swarm') : will('Swarm', 'will be initialized');
  const git = planGit();
  yield git ? (git.willInstall ? will('git', git.text) : `! git: ${git.text}`) : there('git');
  if (!ownDatabase) yield there('PostgreSQL of DATABASE_URL');
  else if (existsSync(path.join(dataDir, 'postgres/data'))) yield there(`PostgreSQL, embedded, in ${dataDir}/postgres`);
  else yield will('PostgreSQL', `will be set up, embedded, in ${dataDir}/postgres`);
}

export function ensureDataDir(dataDir) {
  try {
    makeFolder(dataDir);
    const probe = path.join(dataDir, `.probe.${process.pid}`);
    try {
      writeFileSync(probe, 'x');
    } finally {
      rmSync(probe, { force: true });
    }
  } catch (error) {
    const advice =
      error.code === 'ENOSPC'
        ? 'free some space, or set DATA_DIR to a folder on another disk'
        : 'run script/server as root, or set DATA_DIR to a folder that you own';
    throw new Failure(`Berth cannot write to ${dataDir} (${reason(error)}): ${advice}.`);
  }
}

/** Ignores the umask: PostgreSQL runs as another user and must be able to enter the folder. */
function makeFolder(folder) {
  if (existsSync(folder)) return;
  makeFolder(path.dirname(folder));
  mkdirSync(folder);
  chmodSync(folder, 0o711);
}

export function alreadyRunning({ pid, url }) {
  return new Failure(`Berth is already running here (pid ${pid}, ${url}).`, EXIT.failed);
}

export function checkNobodyRuns({ dataDir }) {
  const holder = lockHolder(dataDir);
  if (holder) throw alreadyRunning(holder);
}

function checkSpace(folder, neededGb) {
  const { bavail, bsize } = statfsSync(nearestExisting(folder));
  const freeGb = (bavail * bsize) / 1e9;
  if (freeGb < neededGb)
    throw new Failure(
      `Only ${freeGb.toFixed(1)} GB are free on the disk of ${folder}: Berth needs ${neededGb} GB, free some space.`,
    );
}

function nearestExisting(folder) {
  return existsSync(folder) ? folder : nearestExisting(path.dirname(folder));
}

/** A response from another program on this port must not be taken for the API. */
async function checkPort({ host, port }, waitMs) {
  const told = {
    EADDRINUSE: [`Port ${port} is taken by another program: stop it, or set PORT to another port.`, EXIT.portTaken],
    EACCES: [`Port ${port} is for root only: run script/server as root, or set PORT to 1024 or above.`, EXIT.portTaken],
    EADDRNOTAVAIL: [`This machine does not have the address ${host}: correct HOST.`, EXIT.config],
    ENOTFOUND: [`The name ${host} is unknown here: correct HOST.`, EXIT.config],
  };
  for (const end = Date.now() + waitMs; ; await delay(100)) {
    const error = await errorOfListening(host, port);
    if (!error) return;
    if (error.code !== 'EADDRINUSE' || Date.now() >= end)
      throw new Failure(...(told[error.code] ?? [`Port ${port} on ${host} cannot be used (${reason(error)}).`]));
  }
}

function errorOfListening(host, port) {
  return new Promise((resolve) => {
    const server = createServer().once('error', resolve);
    server.listen({ host, port }, () => server.close(() => resolve(undefined)));
  });
}

const there = (what) => `✓ ${what}`;
const will = (what, happens) => `→ ${what}: ${happens}`;
