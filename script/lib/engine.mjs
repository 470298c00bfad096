/**
 * The Docker Engine: looked for, and on this machine's own socket installed and started when there is none. One that runs is only adopted,
 * and one that we have started goes on running after us, because the users' services live in it.
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { installDebianPackages } from './debian.mjs';
import { Failure, reason } from './failure.mjs';
import { findProgram, lastErrorLine, PATH, run } from './run.mjs';

const START_MS = 60_000;
const CALL_MS = 5000;
const PID_FILE = '/var/run/docker.pid';
const SETTINGS_FILE = '/etc/docker/daemon.json';
const SETTINGS = {
  'no-new-privileges': true,
  'log-driver': 'json-file',
  'log-opts': { 'max-size': '10m', 'max-file': '3' },
};
/** API versions: of Engine 20.10, and of the first that takes no-new-privileges per service. */
const OLDEST_API = 41;
const OWN_PRIVILEGES_API = 46;
/** What comes from a local engine that is not there, or not yet: while it starts it listens and does not answer. */
const ABSENT = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'];

/** `{ version, swarm, mayGainPrivileges }` of the running one; undefined when there is none and one can be started here. */
export async function findEngine({ dockerHost, engineIsLocal }) {
  try {
    const { Version, ApiVersion } = await ask(dockerHost, '/version');
    const { Swarm, SecurityOptions } = await ask(dockerHost, '/info');
    const api = Number(ApiVersion.split('.')[1]);
    if (api < OLDEST_API)
      throw new Failure(`The Docker Engine is ${Version}, which is too old: install 20.10 or newer.`);
    return {
      version: Version,
      swarm: Swarm?.LocalNodeState,
      mayGainPrivileges:
        api < OWN_PRIVILEGES_API &&
        !SecurityOptions?.includes('name=no-new-privileges') &&
        !(engineIsLocal && isToldNoNewPrivileges()),
    };
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (engineIsLocal && error.code === 'EACCES')
      throw new Failure(
        `This user may not use the Docker Engine: run script/server as root, or join the group docker.`,
      );
    if (engineIsLocal && ABSENT.includes(error.code)) return undefined;
    throw new Failure(
      `The Docker Engine at ${dockerHost} does not answer (${reason(error)}): start it, or put DOCKER_HOST right.`,
    );
  }
}

/** What `startEngine` will do, in words; throws when it cannot. */
export function planEngine() {
  const installed = findProgram('dockerd');
  if (process.getuid() !== 0)
    throw new Failure(
      `No Docker Engine runs here, and only root can ${installed ? 'start' : 'install'} it: run script/server as root.`,
    );
  if (!installed && !findProgram('apt-get'))
    throw new Failure('There is no Docker Engine, and no apt-get to get it with: install version 20.10 or newer.');
  const how = hasServiceManager() ? 'by systemd' : 'by this script';
  return installed ? `will be started ${how}` : `will be installed (docker.io) and started ${how}`;
}

export async function startEngine(settings) {
  writeEngineSettings();
  if (!findProgram('dockerd')) await installEngine();
  process.stdout.write('Starting the Docker Engine …\n');
  const lastWords = hasServiceManager() ? await startService() : startDaemon(settings.dataDir);
  for (const end = Date.now() + START_MS; Date.now() < end && !lastWords.ended?.(); await delay(100)) {
    const engine = await findEngine(settings);
    if (engine) return engine;
  }
  throw new Failure(`The Docker Engine does not start (${await lastWords()}): put that right and run this again.`);
}

/** Before its first start, because a running one would have to be restarted for it; what is there is the operator's. */
function writeEngineSettings() {
  if (existsSync(SETTINGS_FILE)) return;
  mkdirSync(path.dirname(SETTINGS_FILE), { recursive: true });
  writeFileSync(SETTINGS_FILE, `${JSON.stringify(SETTINGS, null, 2)}\n`);
}

async function installEngine() {
  process.stdout.write('Installing the Docker Engine (docker.io) …\n');
  const { code, output } = await installDebianPackages(['docker.io', 'ca-certificates', 'iptables']);
  if (code === 0 && findProgram('dockerd')) return;
  process.stderr.write(output);
  throw new Failure(
    `docker.io could not be installed (${lastErrorLine(output)}): install Docker Engine 20.10 or newer.`,
  );
}

async function startService() {
  const { code } = await run('systemctl', ['start', 'docker'], { mayBeCut: false });
  const lastWords = async () =>
    lastErrorLine((await run('journalctl', ['-u', 'docker', '-n', '20', '-o', 'cat', '--no-pager'])).output);
  return Object.assign(lastWords, { ended: () => code !== 0 });
}

function startDaemon(dataDir) {
  const log = path.join(dataDir, 'dockerd.log');
  const lastWords = () => lastErrorLine(existsSync(log) ? readFileSync(log, 'utf8') : '');
  if (daemonIsAlive()) return lastWords;
  rmSync(PID_FILE, { force: true });
  const output = openSync(log, 'w', 0o600);
  const env = { ...process.env, PATH };
  const child = spawn(findProgram('dockerd'), [], { cwd: '/', env, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  child.once('error', () => undefined); // told by its absence
  child.unref();
  return Object.assign(lastWords, { ended: () => child.exitCode !== null || child.signalCode !== null });
}

/** Before 23.0.4 an engine does not say it in /info (moby#45320): look at what it was started with. */
function isToldNoNewPrivileges() {
  if (/--no-new-privileges(?!=false)/.test(ofDaemon('cmdline'))) return true;
  try {
    return JSON.parse(readFileSync(SETTINGS_FILE, 'utf8'))['no-new-privileges'] === true;
  } catch {
    return false;
  }
}

/** After a crash the pid in the file may be anybody's. */
function daemonIsAlive() {
  return ofDaemon('comm').trim() === 'dockerd';
}

function ofDaemon(file) {
  try {
    return readFileSync(`/proc/${Number(readFileSync(PID_FILE, 'utf8'))}/${file}`, 'utf8');
  } catch {
    return '';
  }
}

function hasServiceManager() {
  return existsSync('/run/systemd/system');
}

function ask(dockerHost, route) {
  const { protocol, hostname, port, pathname } = new URL(dockerHost);
  const target = protocol === 'unix:' ? { socketPath: pathname } : { hostname, port: port || 2375 };
  return new Promise((resolve, reject) => {
    const { get } = protocol === 'https:' ? https : http;
    const request = get({ ...target, path: route, timeout: CALL_MS }, async (answer) => {
      try {
        const body = Buffer.concat(await answer.toArray()).toString();
        if (answer.statusCode !== 200) throw new Error(`it answers ${answer.statusCode}`);
        resolve(JSON.parse(body));
      } catch (error) {
        reject(error instanceof SyntaxError ? new Error('what answers there is not one') : error);
      }
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
  });
}
