import { Injectable } from '@nestjs/common';
import { safeText } from '#src/common/safe-text.js';
import { DockerClient } from './docker-client.js';
import { Nodes } from './nodes.js';

/** States of a Swarm task: https://docs.docker.com/engine/swarm/how-swarm-mode-works/swarm-task-states/ */
export type TaskState =
  | 'new'
  | 'allocated'
  | 'pending'
  | 'assigned'
  | 'accepted'
  | 'preparing'
  | 'ready'
  | 'starting'
  | 'running'
  | 'complete'
  | 'shutdown'
  | 'failed'
  | 'rejected'
  | 'remove'
  | 'orphaned';

/** States of a task that has ended. */
export const ENDED_STATES: ReadonlySet<TaskState> = new Set([
  'complete',
  'shutdown',
  'failed',
  'rejected',
  'remove',
  'orphaned',
]);

/** States of a task that ended by itself, not by a request. */
export const FALLEN_STATES: ReadonlySet<TaskState> = new Set(['failed', 'rejected', 'complete', 'orphaned']);

export interface SwarmTask {
  id: string;
  serviceId: string;
  slot: number;
  nodeId: string | undefined;
  state: TaskState;
  desired: TaskState;
  /** Time of the last change of the state. */
  since: Date;
  createdAt: Date;
  message: string;
  error: string | undefined;
  exitCode: number | undefined;
  containerId: string | undefined;
  /** Ids of its networks. */
  networks: string[];
  /** Labels of its container. */
  labels: Record<string, string>;
}

interface TaskFilter {
  serviceId?: string;
  labels?: string[];
}

/**
 * Whether a stale VXLAN device of an earlier run of the Engine prevents the creation of the task's network (20.10 and
 * 28.5). The engine's error ends so; a command of that name is quoted in the middle of one.
 */
export function metStaleDevice({ error }: SwarmTask): boolean {
  return error?.trim().toLowerCase().endsWith('error creating vxlan interface: file exists') ?? false;
}

/** Replaces paths of the Engine's own folders on the machine, which have the id of a container or a layer in them. */
export function withoutEnginePaths(text: string): string {
  return text.replace(/[^\s"':,=]+/g, (word) =>
    /^\/.*\/[0-9a-f]{64}(\/|$)/.test(word) ? '(a file of the Engine)' : word,
  );
}

/** Whether Swarm ended the task because its health check failed. */
export function endedUnhealthy({ error }: SwarmTask): boolean {
  return /unhealthy container/i.test(error ?? '');
}

@Injectable()
export class SwarmTasks {
  constructor(
    private readonly docker: DockerClient,
    private readonly nodes: Nodes,
  ) {}

  /** The same without tasks of nodes that are down, which Swarm lists for a day. */
  async listReachable(filter: TaskFilter): Promise<SwarmTask[]> {
    const tasks = await this.list(filter);
    if (tasks.length === 0) return tasks;
    const down = new Set((await this.nodes.recent()).filter(({ state }) => state === 'down').map(({ id }) => id));
    return tasks.filter(({ nodeId }) => nodeId === undefined || !down.has(nodeId));
  }

  /** Lists the tasks of the services with these labels or this id, history included, oldest first. */
  async list(filter: TaskFilter): Promise<SwarmTask[]> {
    const filters = {
      ...(filter.serviceId && { service: [filter.serviceId] }),
      ...(filter.labels && { label: filter.labels }),
    };
    const tasks = await this.docker.call(
      (docker) => docker.listTasks({ filters: JSON.stringify(filters) }) as Promise<EngineTask[]>,
    );
    return tasks.map(fromEngine).sort((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  }
}

interface EngineTask {
  ID: string;
  ServiceID: string;
  Slot?: number;
  NodeID?: string;
  CreatedAt: string;
  DesiredState: TaskState;
  Status: {
    State: TaskState;
    Timestamp: string;
    Message?: string;
    Err?: string;
    ContainerStatus?: { ContainerID?: string; ExitCode?: number };
  };
  Spec?: { Networks?: { Target: string }[] | null; ContainerSpec?: { Labels?: Record<string, string> | null } };
}

function fromEngine({ ID, ServiceID, Slot, NodeID, CreatedAt, DesiredState, Status, Spec }: EngineTask): SwarmTask {
  return {
    id: ID,
    serviceId: ServiceID,
    slot: Slot ?? 0,
    nodeId: NodeID || undefined,
    state: Status.State,
    desired: DesiredState,
    since: new Date(Status.Timestamp),
    createdAt: new Date(CreatedAt),
    message: safeText(Status.Message ?? ''),
    error: Status.Err ? withoutEnginePaths(safeText(Status.Err)) : undefined,
    exitCode: Status.ContainerStatus?.ExitCode,
    containerId: Status.ContainerStatus?.ContainerID || undefined,
    networks: (Spec?.Networks ?? []).map(({ Target }) => Target),
    labels: Spec?.ContainerSpec?.Labels ?? {},
  };
}
