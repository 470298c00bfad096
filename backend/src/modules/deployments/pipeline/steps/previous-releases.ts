import { Injectable } from '@nestjs/common';
import type { Deployment } from '#src/generated/prisma/client.js';
import { PipelineRepository } from '#src/modules/deployments/repositories/pipeline.repository.js';
import { RunningServices } from '#src/modules/deployments/swarm/running-services.js';

/** The older releases of a name that are RUNNING: the previous one, and those that it was still draining. */
@Injectable()
export class PreviousReleases {
  constructor(
    private readonly repository: PipelineRepository,
    private readonly services: RunningServices,
  ) {}

  /** The newest first. */
  of(deployment: Deployment): Promise<Deployment[]> {
    return this.repository.previous(deployment);
  }

  async retire(releases: Deployment[], signal: AbortSignal): Promise<void> {
    for (const { id } of releases) {
      await this.services.remove(id, signal);
      await this.repository.stop(id);
    }
  }
}
