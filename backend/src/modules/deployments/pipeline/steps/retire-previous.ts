import { Injectable } from '@nestjs/common';
import type { DeployStep, StepContext } from './deploy-step.js';
import { Drain } from './drain.js';
import { PipelineRepository } from '#src/modules/deployments/repositories/pipeline.repository.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';

/**
 * Drains and removes the previous releases after the new one is RUNNING. If the new release fails during the drain, it
 * is rolled back like any other, and the previous ones are untouched.
 */
@Injectable()
export class RetirePrevious implements DeployStep {
  readonly name = 'RetirePrevious';
  readonly status = 'RUNNING';

  constructor(
    private readonly repository: PipelineRepository,
    private readonly services: RunningServices,
    private readonly drain: Drain,
  ) {}

  async run(context: StepContext): Promise<void> {
    const { deployment, signal } = context;
    const previous = await this.repository.previous(deployment);
    if (previous.length > 0) await this.drain.run(context, previous);
    for (const { id } of previous) {
      await this.services.remove(id, signal);
      await this.repository.stop(id);
    }
  }
}
