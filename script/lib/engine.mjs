/**
 * Finds the Docker Engine. On the local socket it installs and starts one if there is none. A running engine is used as it is. An engine that
 * this script started continues to run afterwards, because the users' services run in it.
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
const GIT_REFUSAL = '#!/bin/sh\necho "Berth: the engine runs no git for builds" >&2\nexit 1\n';
const CALL_MS = 5000;
const PID_FILE = '/var/run/docker.pid';
const SETTINGS_FILE = '/etc/docker/daemon.json';
const SETTINGS = {
  'no-new-privileges': true,
  'log-driver': 'json-file',
  'log-opts': { 'max-size': '10m', 'max-file': '3' },
};
/** API versions: of Engine 20.10, and of the first engine that supports no-new-privileges per service. */
const OLDEST_API = 41;
const OWN_PRIVILEGES_API = 46;
/** Errors of a local engine that is not running or is starting: while it starts it listens but does not respond. */
const ABSENT = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT'];

/** `{ version, swarm, mayGainPrivileges }` of the running engine; undefined when there is none and this machine can start one. */
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
      `The Docker Engine at ${dockerHost} does not answer (${reason(error)}): start it, or correct DOCKER_HOST.`,
    );
  }
}

/** Describes what `startEngine` will do; throws when it cannot. */
export function planEngine() {
  const installed = findProgram('dockerd');
  if (process.getuid() !== 0)
    throw new Failure(
      `No Docker Engine runs here, and only root can ${installed ? 'start' : 'install'} it: run script/server as root.`,
    );
  if (!installed && !findProgram('apt-get'))
    throw new Failure('There is no Docker Engine, and no apt-get to install it: install version 20.10 or newer.');
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
  throw new Failure(`The Docker Engine does not start (${await lastWords()}): fix it and run this again.`);
}

/** Before the first start, because a running engine would need a restart. An existing file belongs to the operator and is not changed. */
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
  const env = { ...process.env, PATH: `${withoutGit(dataDir)}:${PATH}` };
  const child = spawn(findProgram('dockerd'), [], { cwd: '/', env, detached: true, stdio: ['ignore', output, output] });
  closeSync(output);
  child.once('error', () => undefined); // findEngine reports that there is none
  child.unref();
  return Object.assign(lastWords, { ended: () => child.exitCode !== null || child.signalCode !== null });
}

/**
 * A folder for the engine's PATH with a `git` that does nothing: for `ADD` of a repository in a user's Dockerfile, the engine would run git as root.
 */
function withoutGit(dataDir) {
  const folder = path.join(dataDir, 'engine-path');
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  writeFileSync(path.join(folder, 'git'), GIT_REFUSAL, { mode: 0o755 });
  return folder;
}

/** An engine before 23.0.4 does not report it in /info (moby#45320): read its command line and settings. */
function isToldNoNewPrivileges() {
  if (/--no-new-privileges(?!=false)/.test(ofDaemon('cmdline'))) return true;
  try {
    return JSON.parse(readFileSync(SETTINGS_FILE, 'utf8'))['no-new-privileges'] === true;
  } catch {
    return false;
  }
}

/** After a crash the pid in the file may belong to another process. */
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
        if (answer.statusCode !== 200) throw new Error(`it returns ${answer.statusCode}`);
        resolve(JSON.parse(body));
      } catch (error) {
        reject(error instanceof SyntaxError ? new Error('the response is not from a Docker Engine') : error);
      }
    });
    request.on('timeout', () => request.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    request.on('error', reject);
  });
}
