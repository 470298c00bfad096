import { Injectable } from '@nestjs/common';
import { DockerClient } from './docker-client.js';
import { isDockerError } from './docker-error.js';

export interface RunningContainer {
  id: string;
  createdAt: Date;
  /** Number of the replica in its Swarm service, from 1. */
  slot: number;
  labels: Record<string, string>;
}

/** What a container has used since it started, and the memory that it uses now. */
export interface ContainerCounters {
  cpuSeconds: number;
  memoryBytes: number;
  rxBytes: number;
  txBytes: number;
}

/** Usage of this node's containers; the Engine has no numbers of other nodes. */
@Injectable()
export class ContainerStats {
  constructor(private readonly docker: DockerClient) {}

  /** Running containers of Swarm services with this label. */
  async running(label: string): Promise<RunningContainer[]> {
    const found = await this.docker.call((docker) => docker.listContainers({ filters: { label: [label] } }));
    return found.map(({ Id, Created, Labels }) => ({
      id: Id,
      createdAt: new Date(Created * 1000),
      slot: slotOf(Labels['com.docker.swarm.task.name'] ?? ''),
      labels: Labels,
    }));
  }

  /** Undefined if the container has ended. */
  async read(id: string): Promise<ContainerCounters | undefined> {
    // The Engine answers at its next collection, within a second; without `one-shot` (API 1.41) at the one after it.
    const options = { stream: false, 'one-shot': true } as const;
    try {
      return countersOf(await this.docker.call((docker) => docker.getContainer(id).stats(options)));
    } catch (error) {
      if (isDockerError(error, 'not-found') || isDockerError(error, 'conflict')) return undefined;
      throw error;
    }
  }
}

/** The part of the Engine's answer that is read; of a container that has just ended, parts are absent or 0. */
export interface EngineStats {
  cpu_stats?: { cpu_usage?: { total_usage?: number } };
  memory_stats?: { usage?: number; stats?: { total_inactive_file?: number; inactive_file?: number } };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }>;
}

/** Counts memory as `docker stats` does: without the page cache that the kernel can drop at once. */
export function countersOf({ cpu_stats, memory_stats, networks = {} }: EngineStats): ContainerCounters | undefined {
  const cpuNs = cpu_stats?.cpu_usage?.total_usage;
  const usage = memory_stats?.usage;
  if (!cpuNs || !usage) return undefined;
  // cgroup v1 names the cache of the whole group so; cgroup v2 has no such prefix.
  const cache = memory_stats.stats?.total_inactive_file ?? memory_stats.stats?.inactive_file ?? 0;
  const interfaces = Object.values(networks);
  return {
    cpuSeconds: cpuNs / 1e9,
    memoryBytes: cache < usage ? usage - cache : usage,
    rxBytes: interfaces.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    txBytes: interfaces.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  };
}

/** Swarm names a task `{service}.{slot}.{id}`. */
function slotOf(taskName: string): number {
  return Number(taskName.split('.').at(-2) ?? 0) || 0;
}
