import { Injectable } from '@nestjs/common';
import type { DeployStep, StepContext } from './deploy-step.js';
import { EnvironmentNetwork } from '#src/modules/environments/environment-network.js';
import { HostPorts } from '#src/modules/deployments/swarm/host-ports.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';
import { ServiceStart } from '#src/modules/deployments/swarm/service-start.js';

/** Creates the Swarm service, unless one with the deployment's label exists. */
@Injectable()
export class StartService implements DeployStep {
  readonly name = 'StartService';
  readonly status = 'STARTING_CONTAINERS';

  constructor(
    private readonly running: RunningServices,
    private readonly hostPorts: HostPorts,
    private readonly network: EnvironmentNetwork,
    private readonly start: ServiceStart,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    const release = context.release();
    const serviceId = (await this.running.find(deployment.id))?.id ?? (await this.create(context, signal));
    await context.expectContainers({ id: serviceId, name: release.serviceName });
  }

  private async create(context: StepContext, signal: AbortSignal): Promise<string> {
    const release = context.release();
    await this.hostPorts.requireFree(release.ports, signal);
    // The operator may have pruned the network while nothing ran in it.
    await this.network.ensure(context.deployment.environment);
    return this.start.create(release, context.registryAuth(), signal);
  }

  /** Removes the service after storing its last log lines. */
  async undo({ deployment, signal }: StepContext): Promise<void> {
    // A release that has served gets its grace period: Docker removes it from DNS first, so that clients reach the
    // previous release.
    await this.running.remove(deployment.id, signal, { atOnce: deployment.status !== 'RUNNING' });
  }
}
