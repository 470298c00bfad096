import { Body, Controller, HttpCode, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Idempotent, type IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Operation } from '#src/common/decorators/operation.js';
import { Config } from '#src/config/config.js';
import { NamedReleases } from '#src/modules/deployments/changes/named-releases.service.js';
import {
  DeploymentAcceptedDto,
  DeploymentDto,
  DeploymentMessageDto,
} from '#src/modules/deployments/dto/deployment.dto.js';
import { ROLLBACK_EXAMPLES } from '#src/modules/deployments/dto/release-examples.js';
import { RollbackDto } from '#src/modules/deployments/dto/releases.dto.js';
import { accepted, RELEASE_ERRORS } from './accepted.js';

/** The same as by id, for pipelines that store no ids. */
@ApiTags('deployments')
@Controller('environments/:id/deployments/:name')
export class NamedReleasesController {
  constructor(
    private readonly names: NamedReleases,
    private readonly config: Config,
  ) {}

  @Post('rollback')
  @Operation({
    id: 'rollbackByName',
    summary: 'Roll a name back to the previous release, or to a given one',
    description: 'As POST /deployments/{id}/rollback, for the newest release of the name that has not FAILED.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    idempotent: true,
    examples: ROLLBACK_EXAMPLES,
    errors: ['ENVIRONMENT_NOT_FOUND', 'DEPLOYMENT_NOT_FOUND', 'ROLLBACK_NOT_POSSIBLE', ...RELEASE_ERRORS],
  })
  async rollback(
    @CurrentCaller() caller: Caller,
    @Param('id') environmentId: string,
    @Param('name') name: string,
    @Body() { deploymentId }: RollbackDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto> {
    const created = await this.names.rollback(caller, { environmentId, name }, deploymentId, idempotent);
    return accepted(created, response, this.config);
  }

  @Post('stop')
  @HttpCode(202)
  @Operation({
    id: 'stopByName',
    summary: 'Stop the running deployment of a name',
    description: 'As POST /deployments/{id}/stop, for the newest release of the name that has not FAILED.',
    response: DeploymentMessageDto,
    status: 202,
    scopes: ['DEPLOYMENTS_WRITE'],
    errors: ['ENVIRONMENT_NOT_FOUND', 'DEPLOYMENT_NOT_FOUND', 'DEPLOYMENT_STATUS_CONFLICT'],
  })
  async stop(
    @CurrentCaller() caller: Caller,
    @Param('id') environmentId: string,
    @Param('name') name: string,
  ): Promise<DeploymentMessageDto> {
    const deployment = await this.names.stop(caller, { environmentId, name });
    return { message: `Deployment ${name} is being stopped.`, deployment: DeploymentDto.from(deployment) };
  }

  @Post('start')
  @Operation({
    id: 'startByName',
    summary: 'Start the stopped deployment of a name',
    description: 'As POST /deployments/{id}/start, for the newest release of the name that has not FAILED.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    idempotent: true,
    errors: ['ENVIRONMENT_NOT_FOUND', 'DEPLOYMENT_NOT_FOUND', 'ROLLBACK_NOT_POSSIBLE', ...RELEASE_ERRORS],
  })
  async start(
    @CurrentCaller() caller: Caller,
    @Param('id') environmentId: string,
    @Param('name') name: string,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto> {
    return accepted(await this.names.start(caller, { environmentId, name }, idempotent), response, this.config);
  }
}
