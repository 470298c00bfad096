import type { SwarmNode } from '#src/integrations/docker/nodes.js';
import { endedUnhealthy, FALLEN_STATES, metStaleDevice, type SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import type { FailedAssessment } from './assess-tasks.js';

/**
 * A task that ran for so long when another one ended was not started by the restart of their Engine, which ends all
 * containers.
 */
const RAN_THROUGHOUT_MS = 15_000;
/** Tasks that end so soon before or after the change of their node ended with its Engine. */
const BEFORE_NODE_CHANGE_MS = 15_000;
const AFTER_NODE_CHANGE_MS = 60_000;

/**
 * Decides whether a release that became RUNNING at `since` has failed during the drain of the previous one. Undefined
 * when it has not. The release is not blamed for the machine: tasks of the previous release have ended too, or the
 * node or its Engine has restarted. One that cannot run crashes again later.
 */
export function assessDrain({
  tasks,
  tasksBefore,
  nodes,
  since,
}: {
  tasks: SwarmTask[];
  tasksBefore: SwarmTask[];
  nodes: Pick<SwarmNode, 'id' | 'state' | 'changedAt'>[];
  since: Date;
}): FailedAssessment | undefined {
  const hasFailed = (task: SwarmTask) =>
    FALLEN_STATES.has(task.state) &&
    task.state !== 'orphaned' &&
    task.desired !== 'remove' &&
    task.since > since &&
    !metStaleDevice(task);
  const hasRunThroughout = (task: SwarmTask, endedAt: Date) =>
    task.state === 'running' && endedAt.getTime() - task.since.getTime() > RAN_THROUGHOUT_MS;
  const endedWithNode = ({ nodeId, createdAt, since: endedAt }: SwarmTask) => {
    // Swarm changes the node also whenever a network is attached to it, every few seconds on a busy machine.
    if (tasksBefore.some((task) => task.nodeId === nodeId && hasRunThroughout(task, endedAt))) return false;
    const node = nodes.find(({ id }) => id === nodeId);
    if (!node) return false;
    if (createdAt > node.changedAt) return node.state !== 'ready'; // it began after the restart
    const afterMs = endedAt.getTime() - node.changedAt.getTime();
    return node.state !== 'ready' || (afterMs > -BEFORE_NODE_CHANGE_MS && afterMs < AFTER_NODE_CHANGE_MS);
  };
  const task = tasks.find((candidate) => hasFailed(candidate) && !endedWithNode(candidate));
  if (!task || tasksBefore.some(hasFailed)) return undefined;
  const seconds = Math.max(1, Math.round((task.since.getTime() - since.getTime()) / 1000));
  const isUnhealthy = endedUnhealthy(task);
  const what = isUnhealthy ? 'became unhealthy' : `ended with exit code ${task.exitCode ?? 'unknown'}`;
  return {
    kind: 'failed',
    code: isUnhealthy ? 'HEALTHCHECK_TIMEOUT' : 'CONTAINER_CRASHED',
    reason: `A container ${what} ${seconds} s after the release was RUNNING; the previous release keeps serving.`,
    task,
  };
}
