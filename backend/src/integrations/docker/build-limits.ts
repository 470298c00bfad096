import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Injectable, Logger } from '@nestjs/common';
import { Engine } from './engine.js';

const ROOT = '/sys/fs/cgroup';
/** Where BuildKit puts the containers of steps when the engine manages cgroups itself. */
const GROUP = 'docker/buildkit';
/** Of the 1024, or of the 100, that everything else has: builds take what nobody needs. */
const CPU_SHARES = '128';
const CPU_WEIGHT = '12';

/**
 * BuildKit takes no limits with a build, but all its steps run below one control group, which can have some. That group is the
 * host's: an engine on another machine, or one that leaves cgroups to systemd, has to be limited by its operator.
 */
@Injectable()
export class BuildLimits {
  private readonly logger = new Logger(BuildLimits.name);
  private said = false;

  constructor(private readonly engine: Engine) {}

  /** For all builds together; kept until the engine's host restarts. */
  async apply(memoryBytes: number): Promise<void> {
    const { cgroupDriver, cgroupVersion, isLocal } = await this.engine.inspect();
    try {
      if (cgroupDriver !== 'cgroupfs' || !isLocal)
        throw new Error(`cgroups are managed by ${isLocal ? cgroupDriver : 'another machine'}`);
      await (cgroupVersion === '2' ? this.unified(memoryBytes) : this.legacy(memoryBytes));
    } catch (error) {
      if (!this.said) this.logger.warn(`memory of builds is not limited: ${(error as Error).message}`);
      this.said = true;
    }
  }

  private async legacy(memoryBytes: number): Promise<void> {
    const memory = path.join(ROOT, 'memory', GROUP);
    const cpu = path.join(ROOT, 'cpu', GROUP);
    await mkdir(memory, { recursive: true });
    await mkdir(cpu, { recursive: true });
    await writeFile(path.join(memory, 'memory.limit_in_bytes'), String(memoryBytes));
    await writeFile(path.join(cpu, 'cpu.shares'), CPU_SHARES);
  }

  private async unified(memoryBytes: number): Promise<void> {
    const group = path.join(ROOT, GROUP);
    await mkdir(group, { recursive: true });
    // A group has only the controllers that its parent hands down.
    for (const parent of [ROOT, path.dirname(group)]) {
      const available = await readFile(path.join(parent, 'cgroup.controllers'), 'utf8');
      const wanted = ['memory', 'cpu'].filter((controller) => available.split(/\s/).includes(controller));
      await writeFile(
        path.join(parent, 'cgroup.subtree_control'),
        wanted.map((controller) => `+${controller}`).join(' '),
      );
    }
    await writeFile(path.join(group, 'memory.max'), String(memoryBytes));
    await writeFile(path.join(group, 'cpu.weight'), CPU_WEIGHT);
  }
}
