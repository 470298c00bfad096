import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Engine } from './engine.js';

const ROOT = '/sys/fs/cgroup';
/** Control group of BuildKit's steps when the engine manages cgroups itself. */
const GROUP = 'docker/buildkit';
/** Builds get little CPU beside other processes, which have 1024 shares, or a weight of 100. */
const CPU_SHARES = '128';
const CPU_WEIGHT = '12';
/** Processes and threads of all builds together. */
const PIDS = '2048';

/**
 * Limits the memory, CPU and processes of builds. BuildKit accepts no limits per build, but all its steps run in one control
 * group of the host. On an engine on another machine, or one that leaves cgroups to systemd, the operator has to set
 * the limits.
 */
@Injectable()
export class BuildLimits {
  private readonly logger = new Logger(BuildLimits.name);
  private warned = false;

  constructor(private readonly engine: Engine) {}

  /** Sets the limit of all builds together; it lasts until the engine's host restarts. */
  async apply(memoryBytes: number): Promise<void> {
    const { cgroupDriver, cgroupVersion, isLocal } = await this.engine.inspect();
    try {
      if (cgroupDriver !== 'cgroupfs' || !isLocal)
        throw new Error(`cgroups are managed by ${isLocal ? cgroupDriver : 'another machine'}`);
      await (cgroupVersion === '2' ? this.unified(memoryBytes) : this.legacy(memoryBytes));
    } catch (error) {
      if (!this.warned) this.logger.warn(`memory and processes of builds are not limited: ${(error as Error).message}`);
      this.warned = true;
    }
  }

  private async legacy(memoryBytes: number): Promise<void> {
    const memory = path.join(ROOT, 'memory', GROUP);
    const cpu = path.join(ROOT, 'cpu', GROUP);
    const pids = path.join(ROOT, 'pids', GROUP);
    await mkdir(memory, { recursive: true });
    await mkdir(cpu, { recursive: true });
    await mkdir(pids, { recursive: true });
    await writeFile(path.join(memory, 'memory.limit_in_bytes'), String(memoryBytes));
    await writeFile(path.join(cpu, 'cpu.shares'), CPU_SHARES);
    await writeFile(path.join(pids, 'pids.max'), PIDS);
  }

  private async unified(memoryBytes: number): Promise<void> {
    const group = path.join(ROOT, GROUP);
    await mkdir(group, { recursive: true });
    // A group has only the controllers that its parent delegates.
    for (const parent of [ROOT, path.dirname(group)]) {
      const available = await readFile(path.join(parent, 'cgroup.controllers'), 'utf8');
      const wanted = ['memory', 'cpu', 'pids'].filter((controller) => available.split(/\s/).includes(controller));
      await writeFile(
        path.join(parent, 'cgroup.subtree_control'),
        wanted.map((controller) => `+${controller}`).join(' '),
      );
    }
    await writeFile(path.join(group, 'memory.max'), String(memoryBytes));
    await writeFile(path.join(group, 'cpu.weight'), CPU_WEIGHT);
    await writeFile(path.join(group, 'pids.max'), PIDS);
  }
}
