import { Body, Controller, HttpCode, Param, Patch, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Idempotent, type IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Operation } from '#src/common/decorators/operation.js';
import { Config } from '#src/config/config.js';
import { accepted } from './accepted.js';
import { ROLLBACK_EXAMPLES } from '#src/modules/deployments/dto/release-examples.js';
import {
  DeploymentAcceptedDto,
  DeploymentAnswerDto,
  DeploymentDto,
  DeploymentMessageDto,
} from '#src/modules/deployments/dto/deployment.dto.js';
import { RollbackDto, UpdateDeploymentDto } from '#src/modules/deployments/dto/releases.dto.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import { ReleasesService } from '#src/modules/deployments/releases.service.js';

@ApiTags('deployments')
@Controller('deployments')
export class ReleasesController {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly releases: ReleasesService,
    private readonly config: Config,
  ) {}

  @Post(':id/rollback')
  @Operation({
    id: 'rollbackDeployment',
    summary: 'Roll back to the previous release, or to a given one',
    description:
      'Creates a new release of the same name with the image digest, specification and secrets of that release. The public domain of the environment does not change.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    idempotent: true,
    examples: ROLLBACK_EXAMPLES,
    errors: [
      'DEPLOYMENT_NOT_FOUND',
      'ENVIRONMENT_NOT_ACTIVE',
      'ROLLBACK_NOT_POSSIBLE',
      'DEPLOYMENT_STATUS_CONFLICT',
      'HOST_PORT_TAKEN',
      'DEPLOYMENT_QUOTA_EXCEEDED',
      'RESOURCE_QUOTA_EXCEEDED',
    ],
  })
  async rollback(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() { deploymentId }: RollbackDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto> {
    return accepted(await this.releases.rollback(caller, id, deploymentId, idempotent), response, this.config);
  }

  @Post(':id/stop')
  @HttpCode(202)
  @Operation({
    id: 'stopDeployment',
    summary: 'Stop a running deployment',
    description:
      'The deployment becomes STOPPED. Volumes and logs are retained. `start` creates a release that runs it.',
    response: DeploymentMessageDto,
    status: 202,
    scopes: ['DEPLOYMENTS_WRITE'],
    errors: ['DEPLOYMENT_NOT_FOUND', 'DEPLOYMENT_STATUS_CONFLICT'],
  })
  async stop(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<DeploymentMessageDto> {
    const deployment = await this.deployments.stop(caller, id);
    return { message: `Deployment ${deployment.name} is being stopped.`, deployment: DeploymentDto.from(deployment) };
  }

  @Post(':id/start')
  @Operation({
    id: 'startDeployment',
    summary: 'Start a stopped deployment',
    description:
      'Creates a new release with the same image digest, specification and secrets, because STOPPED is a final status.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    idempotent: true,
    errors: [
      'DEPLOYMENT_NOT_FOUND',
      'ENVIRONMENT_NOT_ACTIVE',
      'DEPLOYMENT_STATUS_CONFLICT',
      'ROLLBACK_NOT_POSSIBLE',
      'HOST_PORT_TAKEN',
      'DEPLOYMENT_QUOTA_EXCEEDED',
      'RESOURCE_QUOTA_EXCEEDED',
    ],
  })
  async start(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto> {
    return accepted(await this.releases.start(caller, id, idempotent), response, this.config);
  }

  @Patch(':id')
  @Operation({
    id: 'updateDeployment',
    summary: 'Change the replica count or the TTL',
    description: 'The response has the desired replica count. `containers` is updated when the replicas have changed.',
    response: DeploymentAnswerDto,
    scopes: ['DEPLOYMENTS_WRITE'],
    examples: { 'three replicas': { replicas: 3 }, 'expires in a day': { ttlSeconds: 86_400 } },
    errors: ['DEPLOYMENT_NOT_FOUND', 'DEPLOYMENT_STATUS_CONFLICT', 'RESOURCE_QUOTA_EXCEEDED'],
  })
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: UpdateDeploymentDto,
  ): Promise<DeploymentAnswerDto> {
    return { deployment: DeploymentDto.from(await this.deployments.update(caller, id, body)) };
  }
}
