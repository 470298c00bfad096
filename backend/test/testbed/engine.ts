/**
 * The real Docker Engine that the tests use, in Swarm mode. It is started for one run, with a data directory of that run, and never
 * takes the place of an engine that runs already.
 */
import Docker from 'dockerode';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weigh } from './cpu-weights.js';
import { CURRENT_ENGINE_SOCKETS, enterCurrentEngineRoot, leaveCurrentEngineRoot } from './current-engine-root.js';
import { Daemon } from './daemon.js';
import { eventually } from './eventually.js';
import { hub } from './registries.js';
import { stateDir } from './state-dir.js';

export type EngineKind = 'distro' | 'current';

export interface EngineInfo {
  Swarm: { LocalNodeState: string; ControlAvailable: boolean; Error: string };
}

const READY_TIMEOUT_MS = 60_000;
const CONTAINERD_PID_FILE = '/var/run/docker/containerd/containerd.pid';

export class Engine {
  readonly socketPath: string;
  readonly dockerHost: string;
  readonly docker: Docker;
  private readonly pidFile: string;
  private readonly dataRoot: string;
  private readonly daemon: Daemon;

  constructor(readonly kind: EngineKind) {
    const sockets = kind === 'distro' ? '/var/run' : CURRENT_ENGINE_SOCKETS;
    this.socketPath = `${sockets}/docker.sock`;
    this.dockerHost = `unix://${this.socketPath}`;
    this.docker = new Docker({ socketPath: this.socketPath });
    this.pidFile = `${sockets}/docker.pid`;
    this.dataRoot = join(stateDir.data, kind);
    this.daemon = new Daemon(`engine-${kind}`, 'dockerd');
  }

  async start(): Promise<void> {
    await this.daemon.stop(); // of a run that was killed on a machine without namespaces
    if (await this.info())
      throw new Error(`a Docker Engine runs at ${this.socketPath}, and the tests need one of their own: end it first`);
    mkdirSync(this.dataRoot, { recursive: true });
    this.launch(await this.commandLine());
    await this.untilReady();
  }

  /** Ends the engine's process as a reboot, an upgrade or the kernel would, and starts it as it was. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    await this.daemon.stop(signal);
    // Its containerd ends with it. Where nobody reaps processes without a parent, 20.10 takes the dead ones for running, and waits in vain.
    for (const file of [this.pidFile, CONTAINERD_PID_FILE]) rmSync(file, { force: true });
    this.launch(await this.commandLine());
    await this.untilReady();
  }

  /** A stopped engine takes connections and answers nothing. */
  signal(name: 'SIGSTOP' | 'SIGCONT'): void {
    const { pid } = this.daemon;
    if (pid === undefined) throw new Error('the engine does not run');
    process.kill(pid, name);
  }

  async stop(): Promise<void> {
    await this.daemon.stop();
    if (this.kind === 'current') await leaveCurrentEngineRoot();
  }

  /** Undefined when nothing answers. */
  async info(): Promise<EngineInfo | undefined> {
    if (!existsSync(this.socketPath)) return undefined;
    try {
      return (await new Docker({ socketPath: this.socketPath, timeout: 5_000 }).info()) as EngineInfo;
    } catch {
      return undefined;
    }
  }

  /** As script/server does it. */
  private launch(commandLine: string[]): void {
    weigh(this.daemon.start(commandLine), 'docker-engine');
  }

  private async commandLine(): Promise<string[]> {
    const options = [
      `--host=${this.dockerHost}`,
      `--pidfile=${this.pidFile}`,
      `--data-root=${this.kind === 'current' ? '/var/lib/docker' : this.dataRoot}`,
      `--registry-mirror=${hub.url}`,
      '--no-new-privileges',
      '--log-opt=max-size=10m',
      '--log-opt=max-file=3',
    ];
    if (this.kind === 'current') return [...(await enterCurrentEngineRoot(this.dataRoot)), 'dockerd', ...options];
    const config = join(this.dataRoot, 'empty-config.json');
    writeFileSync(config, '{}\n'); // a file of the machine would name the same options
    return ['dockerd', `--config-file=${config}`, ...options];
  }

  private async untilReady(): Promise<void> {
    await eventually(async () => {
      const info = await this.info();
      if (!info) throw new Error(`no engine answers at ${this.socketPath}:\n${this.daemon.logTail()}`);
      const { LocalNodeState: state, ControlAvailable: isManager, Error: reason } = info.Swarm;
      if (state === 'inactive') {
        await this.docker.swarmInit({ AdvertiseAddr: '127.0.0.1', ListenAddr: '127.0.0.1:2377' });
      } else if (state !== 'active' || !isManager) {
        throw new Error(`the engine's Swarm is ${state}: ${reason}`);
      }
    }, READY_TIMEOUT_MS);
  }
}
