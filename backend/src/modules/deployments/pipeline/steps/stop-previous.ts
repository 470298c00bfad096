import { Injectable } from '@nestjs/common';
import { stopsFirst } from '#src/modules/deployments/domain/release.js';
import type { DeployStep, StepContext } from './deploy-step.js';
import { PipelineRepository } from '#src/modules/deployments/repositories/pipeline.repository.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';

/** Stops the previous release where two cannot run side by side. The undo resumes it. */
@Injectable()
export class StopPrevious implements DeployStep {
  readonly name = 'StopPrevious';
  readonly status = 'STARTING_CONTAINERS';

  constructor(
    private readonly repository: PipelineRepository,
    private readonly services: RunningServices,
  ) {}

  async run(context: StepContext): Promise<void> {
    if (!stopsFirst(context.release())) return;
    for (const { id } of await this.repository.previous(context.deployment))
      await this.services.pause(id, context.signal);
  }

  async undo(context: StepContext): Promise<void> {
    if (!stopsFirst(context.release())) return;
    for (const { id, replicas } of await this.repository.previous(context.deployment))
      await this.services.resume(id, replicas);
  }
}
