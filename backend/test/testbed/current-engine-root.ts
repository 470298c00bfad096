/**
 * A current Docker Engine for a machine whose distribution has an old one: a newer Debian in a directory, entered through a mount
 * namespace of its own but on the machine's network, so that tests see the same addresses and ports with either engine.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cached } from './cached.js';
import { Daemon } from './daemon.js';
import { debianMirror, NEWER_RELEASE } from './debian-packages.js';
import { eventually } from './eventually.js';
import { runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';

export const CURRENT_ENGINE_SOCKETS = '/run/dk28';

const PACKAGES = ['docker.io', 'docker-cli', 'docker-buildx', 'iproute2', 'iptables', 'ca-certificates'];
/** Stays an empty directory outside the engine's namespace. */
const mountpoint = join(stateDir.run, 'engine-root');
const holder = new Daemon('engine-root', 'sleep');

/** Gives the command with which a program is started inside the engine's root. */
export async function enterCurrentEngineRoot(dataRoot: string): Promise<string[]> {
  const root = await buildRoot();
  if (holder.pid === undefined) await hold(root, dataRoot);
  const namespace = `/proc/${holder.pid}`;
  const enter = ['nsenter', `--mount=${namespace}/ns/mnt`, `--root=${namespace}/root`, `--wd=${namespace}/root`];
  return [...enter, 'env', 'TMPDIR=/tmp'];
}

export async function leaveCurrentEngineRoot(): Promise<void> {
  await holder.stop('SIGKILL'); // sleep, as the first program of a namespace, may not hear anything else
  for (const directory of [CURRENT_ENGINE_SOCKETS, mountpoint]) rmSync(directory, { recursive: true, force: true });
}

async function hold(root: string, dataRoot: string): Promise<void> {
  for (const directory of [mountpoint, dataRoot, CURRENT_ENGINE_SOCKETS]) mkdirSync(directory, { recursive: true });
  const script = join(import.meta.dirname, 'engine-root.sh');
  holder.start(['unshare', '-m', 'bash', script, root, mountpoint, dataRoot, CURRENT_ENGINE_SOCKETS]);
  await eventually(() => {
    if (holder.pid === undefined) throw new Error(`the current engine's root is not ready:\n${holder.logTail()}`);
  }, 10_000);
}

async function buildRoot(): Promise<string> {
  return cached(join(stateDir.cache, `engine-${NEWER_RELEASE}`), async (root) => {
    // An older debootstrap does not know the newer release's name; every release is made by the same script.
    const script = '/usr/share/debootstrap/scripts/sid';
    const options = ['--no-check-gpg', '--variant=minbase', `--include=${PACKAGES.join(',')}`];
    const command = [...options, NEWER_RELEASE, root, debianMirror(), script];
    await runCommand('debootstrap', command).catch((error: unknown) => {
      const log = join(root, 'debootstrap/debootstrap.log');
      throw new Error(existsSync(log) ? readFileSync(log, 'utf8').slice(-1000) : String(error), { cause: error });
    });
    if (existsSync('/etc/ssl/certs'))
      cpSync('/etc/ssl/certs', join(root, 'etc/ssl/certs'), { recursive: true, force: true });
  });
}
