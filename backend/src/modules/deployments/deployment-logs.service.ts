import { Injectable } from '@nestjs/common';
import type { Caller } from '../../common/decorators/caller.js';
import { DomainError } from '../../common/errors/domain-error.js';
import { isDockerError } from '../../integrations/docker/docker-error.js';
import { DeploymentsService } from './deployments.service.js';
import { DeploymentLogs } from './streams/deployment-logs.js';

/** Logs as users ask for them. */
@Injectable()
export class DeploymentLogsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly logs: DeploymentLogs,
  ) {}

  async read(caller: Caller, id: string, { tail = 100, since }: { tail?: number; since?: Date }): Promise<string> {
    const deployment = await this.deployments.get(caller, id);
    try {
      return await this.logs.read(deployment.id, { tail, ...(since && { since }) });
    } catch (error) {
      if (isDockerError(error, 'unavailable'))
        throw new DomainError('DOCKER_UNAVAILABLE', {
          detail: 'The Docker Engine does not answer.',
          hint: 'Try again in a moment.',
          cause: error,
        });
      throw error;
    }
  }
}
