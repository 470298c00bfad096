import { Injectable } from '@nestjs/common';
import type { DeployStep, StepContext } from './deploy-step.js';
import { Placement } from '#src/modules/deployments/swarm/placement.js';
import { ReleaseVolumes } from '#src/modules/deployments/swarm/release-volumes.js';

/** The volumes that the service mounts, and where it therefore runs; volumes that are there stay as they are. */
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

  /** Those that this attempt made. One that another deployment mounts by now is kept. */
  undo({ deployment, signal }: StepContext): Promise<void> {
    return this.volumes.removeMadeBy(deployment.id, signal);
  }
}
