import { Injectable } from '@nestjs/common';
import type { DeployStep, StepContext } from '../deploy-step.js';
import { PipelineRepository } from '../pipeline.repository.js';
import { RunningServices } from '../running-services.js';

/** The new release is proven and RUNNING: the ones before it go. */
@Injectable()
export class RetirePrevious implements DeployStep {
  readonly name = 'RetirePrevious';
  readonly status = 'RUNNING';

  constructor(
    private readonly repository: PipelineRepository,
    private readonly services: RunningServices,
  ) {}

  async run({ deployment, signal }: StepContext): Promise<void> {
    for (const { id, jobId } of await this.repository.previous(deployment)) {
      await this.services.remove(id, signal);
      await this.repository.stop(id, jobId);
    }
  }
}
