import { Injectable } from '@nestjs/common';
import type { DeployStep, StepContext } from './deploy-step.js';
import { serviceName } from '#src/modules/deployments/domain/names.js';
import { Placement } from '#src/modules/deployments/swarm/placement.js';
import { ReleaseVolumes } from '#src/modules/deployments/swarm/release-volumes.js';

/**
 * Creates missing volumes, which belong to the image's user, and stores the node that the service must run on for them. Existing volumes are unchanged.
 */
@Injectable()
export class CreateVolumes implements DeployStep {
  readonly name = 'CreateVolumes';
  readonly status = 'CREATING_VOLUMES';

  constructor(
    private readonly volumes: ReleaseVolumes,
    private readonly placement: Placement,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { nodeId, node } = context.deployment;
    const place = await this.placement.of(context.deployment);
    if (place.nodeId !== nodeId || place.node !== node) await context.save(place);
    await this.volumes.ensure(context.release());
  }

  /**
   * Removes the volumes that this deployment created. A volume that another deployment mounts now is retained, and so is
   * every volume of a release that was RUNNING: users have written to it.
   */
  async undo({ deployment: { id, name, status, environment }, signal }: StepContext): Promise<void> {
    if (status === 'RUNNING') return;
    const release = { deploymentId: id, serviceName: serviceName(environment.name, name, id) };
    await this.volumes.removeCreatedBy(release, signal);
  }
}
