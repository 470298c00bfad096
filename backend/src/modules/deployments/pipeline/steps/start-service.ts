import { Injectable } from '@nestjs/common';
import type { DeployStep, StepContext } from './deploy-step.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { ServiceStart } from '#src/modules/deployments/swarm/service-start.js';

/** Creates the Swarm service, unless one with the deployment's label exists. */
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

  /** Removes the service after storing its last log lines. */
  async undo({ deployment, signal }: StepContext): Promise<void> {
    // A release that has served gets its grace period: Docker removes it from DNS first, so that clients reach the
    // previous release.
    await this.running.remove(deployment.id, signal, { atOnce: deployment.status !== 'RUNNING' });
  }
}
