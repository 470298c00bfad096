import type { ContainerStatus, HealthStatus } from '#src/generated/prisma/client.js';
import type { ContainerState } from '#src/integrations/docker/containers.js';
import type { SwarmTask } from '#src/integrations/docker/swarm-tasks.js';

export interface KnownContainer {
  slot: number;
  taskId: string | null;
  status: ContainerStatus;
  healthStatus: HealthStatus;
  restartCount: number;
}

/** Observed status of one replica. */
export interface Observed {
  status: ContainerStatus;
  healthStatus: HealthStatus;
  taskId: string | null;
  restartCount: number;
}

/** Derives a replica's status from the tasks of its slot, oldest first, and the container of the newest. Pure. */
export function deriveReplicaStatus(
  known: KnownContainer,
  tasks: SwarmTask[],
  container: ContainerState | undefined,
): Observed {
  const newest = tasks.at(-1);
  if (!newest)
    return { status: 'STOPPED', healthStatus: 'NONE', taskId: known.taskId, restartCount: known.restartCount };
  const status = statusOf(newest, container);
  return {
    status,
    healthStatus: status === 'RUNNING' || status === 'CREATING' ? healthOf(newest, container) : 'NONE',
    taskId: newest.id,
    restartCount: known.restartCount + restartsSince(known, tasks),
  };
}

/**
 * Counts the tasks after the last known one. Swarm keeps the newest five: more restarts than that between checks are
 * lost.
 */
function restartsSince({ taskId }: KnownContainer, tasks: SwarmTask[]): number {
  const seen = tasks.findIndex(({ id }) => id === taskId);
  if (taskId === null || seen >= 0) return tasks.length - 1 - Math.max(seen, 0);
  return tasks.length;
}

function statusOf({ state, desired }: SwarmTask, container: ContainerState | undefined): ContainerStatus {
  switch (state) {
    case 'running':
      return container && !container.running ? 'FAILED' : 'RUNNING';
    case 'starting':
      return container?.running ? 'RUNNING' : 'CREATING';
    case 'failed':
    case 'rejected':
    case 'orphaned':
      return 'FAILED';
    case 'complete':
    case 'shutdown':
    case 'remove':
      return 'STOPPED';
    default:
      return desired === 'shutdown' ? 'STOPPED' : 'CREATING';
  }
}

function healthOf({ state }: SwarmTask, container: ContainerState | undefined): HealthStatus {
  if (!container) return state === 'running' ? 'NONE' : 'STARTING';
  switch (container.health?.status) {
    case 'healthy':
      return 'HEALTHY';
    case 'unhealthy':
      return 'UNHEALTHY';
    case 'starting':
      return 'STARTING';
    case undefined:
      return 'NONE';
  }
}
