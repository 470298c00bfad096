import { Injectable } from '@nestjs/common';
import { DomainError } from '#src/common/errors/domain-error.js';
import { PublicAccessService } from '#src/modules/ingress/public-access.service.js';
import type { DeployStep, PlannedDeployment, StepContext } from './deploy-step.js';

/** Claims the public domain of the deployment. A rejected claim does not fail it: the environment shows the reason. */
@Injectable()
export class Publish implements DeployStep {
  readonly name = 'Publish';
  readonly status = 'RUNNING';
  readonly appliesTo = ({ virtualHost }: PlannedDeployment) => virtualHost !== null;

  constructor(private readonly publicAccess: PublicAccessService) {}

  async run({ deployment: { environmentId, name, virtualHost, virtualPort } }: StepContext): Promise<void> {
    if (virtualHost === null) return;
    try {
      await this.publicAccess.claim(environmentId, virtualHost, { name, port: virtualPort });
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      await this.publicAccess.refused(environmentId, `virtualHost: ${error.message}`);
    }
  }
}
