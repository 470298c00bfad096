/**
 * More nodes on one machine: each is an engine of its own in a network namespace, joined to the swarm of the test bed's engine over a bridge. For the
 * time of the cluster that engine's swarm is another one, since workers cannot reach a manager on loopback.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Docker from 'dockerode';
import { eventually } from './eventually.js';
import { hub } from './registries.js';
import { commandEnvironment, runCommand } from './run-command.js';
import { stateDir } from './state-dir.js';
import type { Engine } from './engine.js';

const BRIDGE = 'br-berth';
const NET = '10.77.0';
const MANAGER = `${NET}.1`;
const HUB_PORT = Number(hub.address.split(':')[1]);
/** Between the loopback of a node and that of the machine: the hub is at the same address everywhere. */
const FORWARD = `const net = require('node:net'); const [from, host, to] = process.argv.slice(1);
net.createServer((a) => { const b = net.connect(Number(to), host); a.pipe(b).pipe(a); a.on('error', () => b.destroy()); b.on('error', () => a.destroy()); }).listen(Number(from), process.argv[4]);`;

interface Worker {
  name: string;
  dir: string;
  engine: ChildProcess;
  docker: Docker;
  forward: ChildProcess;
}

export class Cluster {
  private readonly workers: Worker[] = [];
  private hubForward: ChildProcess | undefined;

  constructor(private readonly manager: Engine) {}

  async up(count: number): Promise<void> {
    await run('ip', 'link', 'add', BRIDGE, 'type', 'bridge');
    await run('ip', 'addr', 'add', `${MANAGER}/24`, 'dev', BRIDGE);
    await run('ip', 'link', 'set', BRIDGE, 'up');
    for (const direction of ['-s', '-d'])
      await run('iptables', '-I', 'DOCKER-USER', direction, `${NET}.0/24`, '-j', 'ACCEPT');
    this.hubForward = this.forward([], [String(HUB_PORT + 70), '127.0.0.1', String(HUB_PORT), MANAGER]);
    await this.reswarm(MANAGER);
    for (let index = 1; index <= count; index++) await this.join(`w${index}`, `${NET}.${index + 1}`);
  }

  /** As a machine whose power is cut: it is not to be reached from one moment to the next. */
  async cut(name: string): Promise<void> {
    await run('ip', 'link', 'set', `v-${name}`, 'down');
  }

  async down(): Promise<void> {
    for (const { name, engine, forward, dir, docker } of this.workers) {
      await docker.swarmLeave({ force: true }).catch(() => undefined);
      for (const { Id } of await docker.listContainers()) await docker.getContainer(Id).remove({ force: true });
      forward.kill('SIGKILL');
      const ended = once(engine, 'exit');
      process.kill(Number(readFileSync(join(dir, 'pid'), 'utf8')), 'SIGTERM');
      await ended;
      await unmountUnder(dir);
      await run('ip', 'link', 'del', `v-${name}`).catch(() => undefined);
      await run('ip', 'netns', 'del', name).catch(() => undefined);
      rmSync(dir, { recursive: true, force: true });
    }
    this.hubForward?.kill('SIGKILL');
    for (const direction of ['-s', '-d'])
      await run('iptables', '-D', 'DOCKER-USER', direction, `${NET}.0/24`, '-j', 'ACCEPT').catch(() => undefined);
    await this.reswarm('127.0.0.1');
    await run('ip', 'link', 'del', BRIDGE).catch(() => undefined);
  }

  private async reswarm(address: string): Promise<void> {
    const { docker } = this.manager;
    await docker.swarmLeave({ force: true });
    await eventually(() => docker.swarmInit({ AdvertiseAddr: address, ListenAddr: `${address}:2377` }), 30_000);
  }

  private async join(name: string, address: string): Promise<void> {
    await run('ip', 'netns', 'add', name);
    await run('ip', 'link', 'add', `v-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    await run('ip', 'link', 'set', `v-${name}`, 'master', BRIDGE, 'up');
    await run('ip', '-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0');
    for (const device of ['lo', 'eth0']) await run('ip', '-n', name, 'link', 'set', device, 'up');
    await run('ip', '-n', name, 'route', 'add', 'default', 'via', MANAGER);
    const inside = [`--net=/run/netns/${name}`];
    await run('nsenter', ...inside, 'sysctl', '-qw', 'net.ipv4.ip_forward=1');
    const dir = join(stateDir.data, `node-${name}`);
    mkdirSync(dir, { recursive: true });
    const forward = this.forward(
      ['nsenter', ...inside],
      [String(HUB_PORT), MANAGER, String(HUB_PORT + 70), '127.0.0.1'],
    );
    const socket = join(stateDir.run, `${name}.sock`);
    const options = [
      ...[`--data-root=${dir}/data`, `--exec-root=${dir}/exec`, `--pidfile=${dir}/pid`, `--host=unix://${socket}`],
      ...[`--registry-mirror=${hub.url}`, `--cgroup-parent=/docker-${name}`, '--no-new-privileges'],
    ];
    const named = ['unshare', '--uts', 'sh', '-c', 'hostname "$0"; exec "$@"', name, 'dockerd', ...options];
    const engine = spawn('nsenter', [...inside, ...named], { stdio: 'ignore', env: commandEnvironment() });
    const docker = new Docker({ socketPath: socket });
    this.workers.push({ name, dir, engine, forward, docker });
    await eventually(() => docker.ping(), 60_000);
    const { JoinTokens } = (await this.manager.docker.swarmInspect()) as { JoinTokens: { Worker: string } };
    await docker.swarmJoin({
      JoinToken: JoinTokens.Worker,
      RemoteAddrs: [`${MANAGER}:2377`],
      AdvertiseAddr: address,
      ListenAddr: `${address}:2377`,
    });
  }

  private forward(enter: string[], [from = '', host = '', to = '', listen = '']: string[]): ChildProcess {
    const [program, ...args] = [...enter, process.execPath, '-e', FORWARD, from, host, to, listen];
    return spawn(program ?? '', args, { stdio: 'ignore' });
  }
}

async function unmountUnder(dir: string): Promise<void> {
  const points = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[1] ?? [])
    .filter((point) => point.startsWith(`${dir}/`));
  for (const point of points.reverse()) await run('umount', '-l', point).catch(() => undefined);
}

async function run(program: string, ...args: string[]): Promise<void> {
  await runCommand(program, args);
}
