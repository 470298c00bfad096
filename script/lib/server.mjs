/**
 * Brings the machine to a running API: checks it, installs what is missing, starts the API, waits until it is ready, prints the next steps.
 * The API is a child process with an IPC channel. If this script is killed, the channel closes and the API stops.
 */
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { spawnApi } from './api-process.mjs';
import { build, installPackages, ROOT } from './build.mjs';
import { findEngine, startEngine } from './engine.mjs';
import { EXIT, Failure, reason, tell } from './failure.mjs';
import { firstDeployment } from './first-deployment.mjs';
import { acquireLock } from './lock.mjs';
import { installGit } from './git.mjs';
import { alreadyRunning, checkNobodyRuns, ensureDataDir, look } from './machine.mjs';
import { endRunning } from './run.mjs';
import { readSettings } from './settings.mjs';

const READY_MS = 60_000;
const STOP_MS = 12_000;
const USAGE = `usage: script/server [--check]

Sets Berth up on this machine and runs its API until Ctrl-C: installs and starts a Docker Engine when there is none,
installs the npm packages, builds the program, sets up the database. It uses existing parts as they are.

  --check  print what exists and what would be done, and change nothing
  --help   this text

Settings come from backend/.env and the environment, for example PORT, HOST, DATA_DIR, DATABASE_URL, DOCKER_HOST,
SWARM_ADVERTISE_ADDR. All have defaults.
`;

let lock;
let api;
let stopping = false;

async function main([option, ...more]) {
  if (option === '--help' || option === '-h') return void process.stdout.write(USAGE);
  const unknown = more[0] ?? (option === '--check' ? undefined : option);
  if (unknown !== undefined)
    throw new Failure(`script/server does not know ${unknown}: see script/server --help.`, EXIT.usage);
  const settings = readSettings();
  checkNobodyRuns(settings);
  if (option === '--check') return say(look(settings));
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, stop);
  ensureDataDir(settings.dataDir);
  lock = acquireLock(settings.dataDir, settings.url);
  if (lock.holder) throw alreadyRunning(lock.holder);
  // If the previous script was killed, its API may still be stopping.
  await say(look(settings, { waitForPortMs: lock.wasStale ? STOP_MS : 0 }));
  await installPackages();
  await build();
  await prepareEngine(settings);
  await installGit();
  await serve(settings);
}

async function say(lines) {
  for await (const line of lines) process.stdout.write(`${line}\n`);
}

async function prepareEngine(settings) {
  const { mayGainPrivileges } = (await findEngine(settings)) ?? (await startEngine(settings));
  if (mayGainPrivileges)
    process.stdout.write(
      `! This Docker Engine lets containers gain privileges: add "no-new-privileges": true to /etc/docker/daemon.json and restart it.\n`,
    );
}

async function serve(settings) {
  if (stopping) return;
  api = spawnApi({ ...process.env, LOG_FORMAT: settings.logFormat }, ['inherit', 'inherit', 'inherit', 'ipc']);
  const ended = once(api, 'exit');
  ended.catch(() => undefined); // the API did not start: reported below
  const ready = await isReady(settings.url);
  if (!ready && !stopping && apiIsAlive()) {
    await stopApi();
    throw new Failure(`The API is not ready after ${READY_MS / 1000} s: the log above says what it waits for.`);
  }
  if (ready && !stopping) process.stdout.write(ending(settings));
  const [code, signal] = await ended;
  if (stopping) return;
  // The API has printed the reason for its own exit code.
  if (signal) throw new Failure(`The API was ended by ${signal}: start it again with script/server.`, EXIT.failed);
  process.exitCode = code;
}

async function isReady(url) {
  for (const end = Date.now() + READY_MS; Date.now() < end && !stopping && apiIsAlive(); await delay(50)) {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
    if (answer?.ok) return true;
  }
  return false;
}

function apiIsAlive() {
  return api.pid !== undefined && api.exitCode === null && api.signalCode === null;
}

/** On Ctrl-C or SIGTERM: stops everything that this script started except the engine, where the users' services run. */
async function stop() {
  if (stopping) return;
  stopping = true;
  await endRunning();
  if (api) await stopApi();
  lock?.release?.();
  process.stdout.write('Berth has stopped. The Docker Engine and all deployments continue to run.\n');
  process.exit(api ? 0 : 130);
}

async function stopApi() {
  if (!apiIsAlive()) return;
  const ended = once(api, 'exit');
  api.kill('SIGTERM');
  const killer = setTimeout(() => api.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(killer);
}

function ending(settings) {
  const { url, databaseIsFromShell, hasDashboard } = settings;
  // DATABASE_URL may contain a password, which must not be in a log.
  const note = databaseIsFromShell ? ' that has the same DATABASE_URL' : '';
  return `
Berth is running. Ctrl-C stops it; the Docker Engine and all deployments continue to run.

${hasDashboard ? `  Dashboard  ${url}/dashboard\n` : ''}  API        ${url}
  Swagger    ${url}/api/docs
  Health     ${url}/health
  A key      script/key create --telegram-id 1 --scopes ALL

The first deployment, to paste into another terminal${note} in ${ROOT}:

${firstDeployment(settings)}

`;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  // An operation that Ctrl-C interrupted is not an error.
  if (!stopping)
    process.exitCode = tell(error.code && error.syscall ? new Failure(`Berth cannot start: ${reason(error)}.`) : error);
}
if (!stopping) lock?.release?.();
