import { Injectable } from '@nestjs/common';
import type { Deployment } from '#src/generated/prisma/client.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { ContainerEvents } from '#src/modules/deployments/swarm/container-events.js';
import { assessDrain } from '#src/modules/deployments/swarm/assess-drain.js';
import type { StepContext } from './deploy-step.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { TaskFailures } from '#src/modules/deployments/swarm/task-failures.js';

const RECHECK_MS = 1000;

/**
 * Keeps the previous release serving beside the new one for `drainSeconds`, so that a late failure causes no outage.
 */
@Injectable()
export class Drain {
  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly tasks: SwarmTasks,
    private readonly services: RunningServices,
    private readonly events: ContainerEvents,
    private readonly failures: TaskFailures,
  ) {}

  /**
   * Ends after `drainSeconds`, or when the deletion of the new release is requested. Throws StepFailure when it fails.
   */
  async run({ deployment, signal }: StepContext, previous: Deployment[]): Promise<void> {
    const since = deployment.completedAt ?? new Date();
    const end = since.getTime() + deployment.drainSeconds * 1000;
    for (;;) {
      if (!(await this.states.isRunning(deployment.id))) return;
      await this.checkTasks(deployment.id, previous, since);
      const leftMs = end - Date.now();
      if (leftMs <= 0) return;
      const withinMs = Math.min(leftMs, RECHECK_MS);
      await this.events.next(deployment.id, { withinMs, signal });
    }
  }

  private async checkTasks(id: string, previous: Deployment[], since: Date): Promise<void> {
    const service = await this.services.find(id);
    if (!service) return; // removed by hand: the drift reconciler recreates it
    const [tasks, ...tasksOfPrevious] = await Promise.all([
      this.tasks.list({ serviceId: service.id }),
      ...previous.map(async (release) => {
        const other = await this.services.find(release.id);
        return other ? this.tasks.list({ serviceId: other.id }) : [];
      }),
    ]);
    const failed = assessDrain({ tasks, tasksBefore: tasksOfPrevious.flat(), since });
    if (failed) throw await this.failures.report(failed, service.id);
  }
}
