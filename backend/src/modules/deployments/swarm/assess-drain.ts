import { endedUnhealthy, FALLEN_STATES, metStaleDevice, type SwarmTask } from '#src/integrations/docker/swarm-tasks.js';
import type { FailedAssessment } from './assess-tasks.js';

/**
 * Whether a release that became RUNNING at `since` has died while the one before it still stands by. Undefined: it lives. When tasks of the one
 * before have ended, too, it was the machine, and says nothing of the release.
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
  const died = (task: SwarmTask) =>
    FALLEN_STATES.has(task.state) && task.desired !== 'remove' && task.since > since && !metStaleDevice(task);
  const task = tasks.find(died);
  if (!task || tasksBefore.some(died)) return undefined;
  const seconds = Math.max(1, Math.round((task.since.getTime() - since.getTime()) / 1000));
  const isUnhealthy = endedUnhealthy(task);
  const what = isUnhealthy ? 'became unhealthy' : `ended with exit code ${task.exitCode ?? 'unknown'}`;
  return {
    kind: 'failed',
    code: isUnhealthy ? 'HEALTHCHECK_TIMEOUT' : 'CONTAINER_CRASHED',
    reason: `A container ${what} ${seconds} s after the release was RUNNING; the release before it goes on.`,
    task,
  };
}
