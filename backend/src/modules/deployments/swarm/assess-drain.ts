import { endedUnhealthy, FALLEN_STATES, metStaleDevice, type SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import type { FailedAssessment } from './assess-tasks.js';

/**
 * Decides whether a release that became RUNNING at `since` has failed during the drain of the previous one. Undefined
 * when it has not. If tasks of the previous release have ended too, the machine is the cause, and the release is not
 * blamed.
 */
export function assessDrain({
  tasks,
  tasksBefore,
  since,
}: {
  tasks: SwarmTask[];
  tasksBefore: SwarmTask[];
  since: Date;
}): FailedAssessment | undefined {
  const hasFailed = (task: SwarmTask) =>
    FALLEN_STATES.has(task.state) && task.desired !== 'remove' && task.since > since && !metStaleDevice(task);
  const task = tasks.find(hasFailed);
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
