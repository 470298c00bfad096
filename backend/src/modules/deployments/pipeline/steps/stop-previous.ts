import { Injectable } from '@nestjs/common';
import { stopsFirst } from '#src/modules/deployments/domain/release.js';
import type { DeployStep, StepContext } from './deploy-step.js';
import { PreviousReleases } from './previous-releases.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';

/**
 * Stops the previous release where two cannot run side by side. The undo resumes it. A release that the previous one
 * was still draining is removed, so that the undo never resumes two.
 */
@Injectable()
export class StopPrevious implements DeployStep {
  readonly name = 'StopPrevious';
  readonly status = 'STARTING_CONTAINERS';

  constructor(
    private readonly previous: PreviousReleases,
    private readonly services: RunningServices,
  ) {}

  async run(context: StepContext): Promise<void> {
    if (!stopsFirst(context.release())) return;
    const { deployment, signal } = context;
    const [last, ...older] = await this.previous.of(deployment);
    await this.previous.retire(older, signal);
    if (last) await this.services.pause(last.id, signal);
  }

  async undo(context: StepContext): Promise<void> {
    if (!stopsFirst(context.release())) return;
    const [last] = await this.previous.of(context.deployment);
    if (last) await this.services.resume(last.id, last.replicas);
  }
}
