import { Injectable } from '@nestjs/common';
import type { DeployStep, StepContext } from './deploy-step.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { ServiceStart } from '#src/modules/deployments/swarm/service-start.js';

/** One deployment, one Swarm service. Its label with the deployment's id makes a second one impossible. */
@Injectable()
export class StartService implements DeployStep {
  readonly name = 'StartService';
  readonly status = 'STARTING_CONTAINERS';

  constructor(
    private readonly running: RunningServices,
    private readonly start: ServiceStart,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    const serviceId =
      (await this.running.find(deployment.id))?.id ??
      (await this.start.create(context.release(), context.registryAuth(), signal));
    await context.expectContainers({ id: serviceId, name: context.release().serviceName });
  }

  /** The last words of its containers are kept. */
  async undo({ deployment, signal }: StepContext): Promise<void> {
    // What has served is out of Docker's DNS before it ends: whoever comes meanwhile finds the release before.
    await this.running.remove(deployment.id, signal, { atOnce: deployment.status !== 'RUNNING' });
  }
}
