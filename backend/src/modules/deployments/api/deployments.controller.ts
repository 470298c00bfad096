import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Idempotent, type IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Operation } from '#src/common/decorators/operation.js';
import { PageQueryDto } from '#src/common/page-query.dto.js';
import { pageOf } from '#src/common/pagination.js';
import { Config } from '#src/config/config.js';
import {
  CREATE_EXAMPLES,
  CREATE_FROM_GIT_EXAMPLES,
  CREATE_FROM_UPLOAD_EXAMPLES,
} from '#src/modules/deployments/dto/create-examples.js';
import { accepted, PLAN, planned } from './accepted.js';
import { DeploymentPlanAnswerDto } from '#src/modules/deployments/dto/deployment-plan.dto.js';
import { DryRun } from '#src/modules/deployments/dry-run.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import { ReleasesService } from '#src/modules/deployments/releases.service.js';
import { CreateGitDeploymentDto } from '#src/modules/deployments/dto/create-git-deployment.dto.js';
import { CreateUploadDeploymentDto } from '#src/modules/deployments/dto/create-upload-deployment.dto.js';
import { CreateDeploymentDto } from '#src/modules/deployments/dto/create-deployment.dto.js';
import {
  DeploymentAcceptedDto,
  DeploymentAnswerDto,
  DeploymentDto,
  DeploymentListDto,
  DeploymentMessageDto,
} from '#src/modules/deployments/dto/deployment.dto.js';
import { DeleteDeploymentQueryDto } from '#src/modules/deployments/dto/logs-query.dto.js';

@ApiTags('deployments')
@Controller('deployments')
export class DeploymentsController {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly releases: ReleasesService,
    private readonly dryRun: DryRun,
    private readonly config: Config,
  ) {}

  @Post()
  @Operation({
    id: 'createDeployment',
    summary: 'Deploy an image',
    description: 'Returns immediately. Poll GET /deployments/job/{jobId} until status is RUNNING or FAILED.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    idempotent: true,
    examples: CREATE_EXAMPLES,
    errors: [
      'ENVIRONMENT_NOT_FOUND',
      'ENVIRONMENT_NOT_ACTIVE',
      'HOST_PORT_TAKEN',
      'DEPLOYMENT_QUOTA_EXCEEDED',
      'RESOURCE_QUOTA_EXCEEDED',
    ],
  })
  @ApiResponse(PLAN)
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateDeploymentDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto | DeploymentPlanAnswerDto> {
    if (body.dryRun) return planned(await this.dryRun.ofImage(caller, body), response);
    return accepted(await this.releases.createFromImage(caller, body, idempotent), response, this.config);
  }

  @Post('from-git')
  @Operation({
    id: 'createDeploymentFromGit',
    summary: 'Build a Git repository and deploy it',
    description:
      'Uses the Dockerfile of the repository; else `baseImage`, `installCommand`, `buildCommand` and `startCommand`; else the runtime detected from its files. Returns immediately. Poll GET /deployments/job/{jobId}, and read GET /deployments/{id}/build-logs.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'git-deploy',
    idempotent: true,
    examples: CREATE_FROM_GIT_EXAMPLES,
    errors: [
      'ENVIRONMENT_NOT_FOUND',
      'ENVIRONMENT_NOT_ACTIVE',
      'HOST_PORT_TAKEN',
      'DEPLOYMENT_QUOTA_EXCEEDED',
      'RESOURCE_QUOTA_EXCEEDED',
    ],
  })
  @ApiResponse(PLAN)
  async createFromGit(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateGitDeploymentDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto | DeploymentPlanAnswerDto> {
    if (body.dryRun) return planned(await this.dryRun.ofGit(caller, body), response);
    return accepted(await this.releases.createFromGit(caller, body, idempotent), response, this.config);
  }

  @Post('from-upload')
  @Operation({
    id: 'createDeploymentFromUpload',
    summary: 'Build an upload and deploy it',
    description:
      'Builds the files of the upload as from-git builds those of a commit. Other deployments can use the upload until it expires, one hour after it was sent. It is retained until this build has ended.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'upload-deploy',
    idempotent: true,
    examples: CREATE_FROM_UPLOAD_EXAMPLES,
    errors: [
      'ENVIRONMENT_NOT_FOUND',
      'UPLOAD_NOT_FOUND',
      'ENVIRONMENT_NOT_ACTIVE',
      'HOST_PORT_TAKEN',
      'DEPLOYMENT_QUOTA_EXCEEDED',
      'RESOURCE_QUOTA_EXCEEDED',
    ],
  })
  @ApiResponse(PLAN)
  async createFromUpload(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateUploadDeploymentDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto | DeploymentPlanAnswerDto> {
    if (body.dryRun) return planned(await this.dryRun.ofUpload(caller, body), response);
    return accepted(await this.releases.createFromUpload(caller, body, idempotent), response, this.config);
  }

  @Post('job/:jobId/cancel')
  @HttpCode(202)
  @Operation({
    id: 'cancelDeployment',
    summary: 'Cancel a deployment in progress',
    description: 'The deployment becomes FAILED with errorCode CANCELLED. The previous release is untouched.',
    response: DeploymentMessageDto,
    status: 202,
    scopes: ['DEPLOYMENTS_WRITE'],
    errors: ['DEPLOYMENT_NOT_FOUND', 'DEPLOYMENT_NOT_CANCELLABLE'],
  })
  async cancel(@CurrentCaller() caller: Caller, @Param('jobId') jobId: string): Promise<DeploymentMessageDto> {
    const deployment = await this.deployments.cancel(caller, jobId);
    return { message: `Deployment ${deployment.name} is being cancelled.`, deployment: DeploymentDto.from(deployment) };
  }

  @Get('environment/:envId')
  @Operation({
    id: 'listDeployments',
    summary: 'List the deployments of an environment, newest first',
    response: DeploymentListDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['ENVIRONMENT_NOT_FOUND'],
  })
  async list(
    @CurrentCaller() caller: Caller,
    @Param('envId') environmentId: string,
    @Query() query: PageQueryDto,
  ): Promise<DeploymentListDto> {
    const { items, nextCursor } = await this.deployments.listOfEnvironment(caller, environmentId, pageOf(query));
    return { deployments: items.map((row) => DeploymentDto.from(row)), nextCursor };
  }

  @Get(':id')
  @Operation({
    id: 'getDeployment',
    summary: 'Get a deployment',
    response: DeploymentAnswerDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND'],
  })
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<DeploymentAnswerDto> {
    return { deployment: DeploymentDto.from(await this.deployments.get(caller, id)) };
  }

  @Delete(':id')
  @HttpCode(202)
  @Operation({
    id: 'deleteDeployment',
    summary: 'Remove a deployment',
    description:
      'Volumes are retained unless `deleteVolumes=true`. A deployment in progress is cancelled. The deployment can still be read, with status STOPPED or FAILED.',
    response: DeploymentMessageDto,
    status: 202,
    scopes: ['DEPLOYMENTS_WRITE'],
    errors: ['DEPLOYMENT_NOT_FOUND'],
  })
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { deleteVolumes }: DeleteDeploymentQueryDto,
  ): Promise<DeploymentMessageDto> {
    const deployment = await this.deployments.delete(caller, id, deleteVolumes ?? false);
    return { message: `Deployment ${deployment.name} is being removed.`, deployment: DeploymentDto.from(deployment) };
  }
}
