/**
 * The real Docker Engine that the tests use, in Swarm mode. A running one that is set up as the tests need it is used as it is; one
 * that is not is replaced for the time of the tests, and comes back as it was afterwards. Only one engine at a time can have the
 * machine's network, so starting one kind sets the other aside.
 */
import Docker from 'dockerode';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { weighEngine } from '../../../script/lib/cpu-group.mjs';
import { CURRENT_ENGINE_SOCKETS, enterCurrentEngineRoot, leaveCurrentEngineRoot } from './current-engine-root.js';
import { Daemon } from './daemon.js';
import { displaceEngine, hasDisplacedEngine } from './displaced-engine.js';
import { clearEngineLeftovers } from './engine-leftovers.js';
import { eventually } from './eventually.js';
import { commandLineOf, endProcess, isRunning, readPidFile } from './processes.js';
import { hub } from './registries.js';
import { stateDir } from './state-dir.js';

export type EngineKind = 'distro' | 'current';

export interface EngineInfo {
  DockerRootDir: string;
  ServerVersion: string;
  SecurityOptions: string[];
  RegistryConfig: { Mirrors: string[] | null };
  Swarm: { LocalNodeState: string; ControlAvailable: boolean; Error: string };
}

export const KINDS: EngineKind[] = ['distro', 'current'];
const READY_TIMEOUT_MS = 60_000;
const LOG_OPTIONS = ['--log-opt=max-size=10m', '--log-opt=max-file=3'];
const MIRROR_OPTION = `--registry-mirror=${hub.url}`;
const CONTAINERD_PID_FILE = '/var/run/docker/containerd/containerd.pid';
const PRIVILEGES_OPTION = '--no-new-privileges';

export class Engine {
  readonly socketPath: string;
  readonly dockerHost: string;
  readonly docker: Docker;
  private readonly pidFile: string;
  private readonly dataRoot: string;
  private readonly daemon: Daemon;

  constructor(readonly kind: EngineKind) {
    this.socketPath = kind === 'distro' ? '/var/run/docker.sock' : `${CURRENT_ENGINE_SOCKETS}/docker.sock`;
    this.dockerHost = `unix://${this.socketPath}`;
    this.docker = new Docker({ socketPath: this.socketPath });
    this.pidFile = kind === 'distro' ? '/var/run/docker.pid' : `${CURRENT_ENGINE_SOCKETS}/docker.pid`;
    this.dataRoot = join(stateDir.data, kind);
    this.daemon = new Daemon(`engine-${kind}`, 'dockerd');
  }

  async start(): Promise<void> {
    for (const kind of KINDS) if (kind !== this.kind) await new Engine(kind).setAside();
    const running = await this.info();
    if (running) await this.addMissingOptions(running);
    else await this.startFresh();
    await this.untilReady();
  }

  /** Ends the engine's process as a reboot, an upgrade or the kernel would, and starts it as it was. */
  async restart(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const pid = this.pid;
    if (pid === undefined) throw new Error(`no engine to restart at ${this.socketPath}`);
    const commandLine = this.kind === 'current' ? await this.freshCommandLine() : commandLineOf(pid);
    const daemon = this.daemon.pid === pid ? this.daemon : new Daemon('adopted-engine', 'dockerd');
    await endProcess(pid, signal);
    // Its containerd ends with it. Where nobody reaps processes without a parent, 20.10 takes the dead ones for running, and waits in vain.
    for (const file of [this.pidFile, CONTAINERD_PID_FILE]) rmSync(file, { force: true });
    this.launch(commandLine, daemon);
    await this.untilReady(daemon);
  }

  /** Removes all traces of an engine that the test bed started, and leaves any other alone. */
  async stop(): Promise<void> {
    if (!this.daemon.wasStarted) return;
    const isAlive = this.daemon.pid !== undefined;
    const info = await this.info();
    if (isAlive && info?.DockerRootDir === this.visibleDataRoot) await this.endAllWork();
    await this.daemon.stop();
    // When ours was killed and another answers by now, what is on the machine belongs to that one.
    if (isAlive || !info) await this.clear();
  }

  /** Undefined when nothing answers. */
  async info(): Promise<EngineInfo | undefined> {
    try {
      return (await new Docker({ socketPath: this.socketPath, timeout: 5_000 }).info()) as EngineInfo;
    } catch {
      return undefined;
    }
  }

  private get pid(): number | undefined {
    const pid = readPidFile(this.pidFile);
    return pid !== undefined && isRunning(pid, 'dockerd') ? pid : undefined;
  }

  private async setAside(): Promise<void> {
    const { pid } = this;
    if (pid === undefined) return;
    const isOurs = this.daemon.pid === pid;
    if (isOurs && (await this.info())?.DockerRootDir === this.visibleDataRoot) await this.endAllWork();
    // One that runs with options of ours was displaced before: what comes back is what was there first.
    else if (!isOurs || !hasDisplacedEngine()) await displaceEngine(pid);
    await endProcess(pid);
    await this.clear();
  }

  /** Somebody else's engine keeps its data and its own options: what runs on it comes back after the restart. */
  private async addMissingOptions(running: EngineInfo): Promise<void> {
    const options: string[] = [];
    if (!running.RegistryConfig.Mirrors?.some((mirror) => mirror.startsWith(hub.url))) options.push(MIRROR_OPTION);
    const { pid } = this;
    const commandLine = pid === undefined ? [] : commandLineOf(pid);
    if (!this.forbidsNewPrivileges(running, commandLine)) options.push(PRIVILEGES_OPTION);
    if (options.length === 0) return;
    if (pid === undefined) throw new Error(`${this.socketPath} answers, but ${this.pidFile} does not say who`);
    const { isService } = await displaceEngine(pid);
    await endProcess(pid);
    // Options of a service stand in its unit and its configuration file, where these would be given twice.
    if (isService) await this.startFresh();
    else this.launch([...commandLine, ...options, ...(commandLine.join(' ').includes('--log-opt') ? [] : LOG_OPTIONS)]);
  }

  /** Older engines do not tell, so what they were started with is looked at as well. */
  private forbidsNewPrivileges(running: EngineInfo, commandLine: string[]): boolean {
    if (running.SecurityOptions.includes('name=no-new-privileges')) return true;
    if (commandLine.includes(PRIVILEGES_OPTION)) return true;
    const config = commandLine.find((option) => option.startsWith('--config-file='))?.slice('--config-file='.length);
    const path = config ?? '/etc/docker/daemon.json';
    return existsSync(path) && /"no-new-privileges"\s*:\s*true/.test(readFileSync(path, 'utf8'));
  }

  private async startFresh(): Promise<void> {
    const { pid } = this;
    if (pid !== undefined) await endProcess(pid, 'SIGTERM', 10_000); // it runs, but does not answer
    await this.clear();
    mkdirSync(this.dataRoot, { recursive: true });
    this.launch(await this.freshCommandLine());
  }

  /** As script/server does it. */
  private launch(commandLine: string[], daemon = this.daemon): void {
    weighEngine(daemon.start(commandLine));
  }

  private async freshCommandLine(): Promise<string[]> {
    const options = [
      `--host=${this.dockerHost}`,
      `--pidfile=${this.pidFile}`,
      `--data-root=${this.visibleDataRoot}`,
      MIRROR_OPTION,
      PRIVILEGES_OPTION,
      ...LOG_OPTIONS,
    ];
    if (this.kind === 'current') return [...(await enterCurrentEngineRoot(this.dataRoot)), 'dockerd', ...options];
    const config = join(this.dataRoot, 'empty-config.json');
    writeFileSync(config, '{}\n'); // instead of the machine's own, whose options would clash with these
    return ['dockerd', `--config-file=${config}`, ...options];
  }

  /** The data directory as the engine itself sees it. */
  private get visibleDataRoot(): string {
    return this.kind === 'current' ? '/var/lib/docker' : this.dataRoot;
  }

  private async untilReady(daemon = this.daemon): Promise<void> {
    await eventually(async () => {
      const info = await this.info();
      if (!info) throw new Error(`no engine answers at ${this.socketPath}:\n${daemon.logTail()}`);
      const { LocalNodeState: state, ControlAvailable: isManager, Error: reason } = info.Swarm;
      if (state === 'inactive') {
        await this.docker.swarmInit({ AdvertiseAddr: '127.0.0.1', ListenAddr: '127.0.0.1:2377' });
      } else if (state !== 'active' || !isManager) {
        throw new Error(`the engine's Swarm is ${state}: ${reason}`);
      }
    }, READY_TIMEOUT_MS);
  }

  /** Containers that ignore the stop signal would hold the engine's own end up for their whole grace period. */
  private async endAllWork(): Promise<void> {
    for (const { ID } of await this.docker.listServices()) await this.docker.getService(ID).remove();
    for (const { Id } of await this.docker.listContainers()) {
      await this.docker
        .getContainer(Id)
        .kill()
        .catch(() => undefined); // it may be gone already with its service
    }
  }

  private async clear(): Promise<void> {
    if (this.kind === 'current') await leaveCurrentEngineRoot();
    await clearEngineLeftovers([this.dataRoot]);
    rmSync(this.pidFile, { force: true });
    rmSync(this.socketPath, { force: true });
    await this.daemon.stop(); // only its pid file is left
  }
}
