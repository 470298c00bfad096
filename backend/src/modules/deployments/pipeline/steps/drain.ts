import { Injectable } from '@nestjs/common';
import type { Deployment } from '#src/generated/prisma/client.js';
import { Nodes } from '#src/integrations/docker/nodes.js';
import { SwarmTasks } from '#src/integrations/docker/swarm-tasks.js';
import { DeploymentStatesRepository } from '#src/modules/deployments/repositories/deployment-states.repository.js';
import { assessDrain } from '#src/modules/deployments/swarm/assess-drain.js';
import type { StepContext } from './deploy-step.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { TaskFailures } from '#src/modules/deployments/swarm/task-failures.js';

/**
 * Keeps the previous release serving beside the new one for `drainSeconds`, so that a late failure causes no outage.
 * No worker waits meanwhile.
 */
@Injectable()
export class Drain {
  constructor(
    private readonly states: DeploymentStatesRepository,
    private readonly tasks: SwarmTasks,
    private readonly services: RunningServices,
    private readonly nodes: Nodes,
    private readonly failures: TaskFailures,
  ) {}

  /**
   * Returns the end of the drain; undefined when it is over: after `drainSeconds`, or when the deletion of the new
   * release is requested. Throws StepFailure when the new release has failed.
   */
  async check(context: StepContext, previous: Deployment[]): Promise<Date | undefined> {
    const { deployment } = context;
    if (!(await this.states.isRunning(deployment.id))) return undefined;
    const since = deployment.completedAt ?? new Date();
    await this.checkTasks(context, previous, since);
    const until = new Date(since.getTime() + deployment.drainSeconds * 1000);
    return until.getTime() > Date.now() ? until : undefined;
  }

  private async checkTasks(context: StepContext, previous: Deployment[], since: Date): Promise<void> {
    const service = await this.services.find(context.deployment.id);
    if (!service) return; // removed by hand: the drift reconciler recreates it
    const [nodes, tasks, ...tasksOfPrevious] = await Promise.all([
      this.nodes.recent(),
      this.tasks.list({ serviceId: service.id }),
      ...previous.map(async (release) => {
        const other = await this.services.find(release.id);
        return other ? this.tasks.list({ serviceId: other.id }) : [];
      }),
    ]);
    const failed = assessDrain({ tasks, tasksBefore: tasksOfPrevious.flat(), nodes, since });
    if (failed) throw await this.failures.report(failed, service.id, context.release());
  }
}
