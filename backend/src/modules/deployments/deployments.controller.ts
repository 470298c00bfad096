import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { RequireScopes } from '../../common/decorators/access.js';
import { type Caller, CurrentCaller } from '../../common/decorators/caller.js';
import { Operation } from '../../common/decorators/operation.js';
import { PageQueryDto, pageOf } from '../../common/pagination.js';
import { Config } from '../../config/config.js';
import { DeploymentLogsService } from './deployment-logs.service.js';
import { DeploymentsService } from './deployments.service.js';
import { CreateDeploymentDto } from './dto/create-deployment.dto.js';
import {
  DeploymentAcceptedDto,
  DeploymentAnswerDto,
  DeploymentDto,
  DeploymentListDto,
  DeploymentMessageDto,
  LogsDto,
} from './dto/deployment.dto.js';
import { DeleteDeploymentQueryDto, LogsQueryDto } from './dto/logs-query.dto.js';

@ApiTags('deployments')
@Controller('deployments')
export class DeploymentsController {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly logs: DeploymentLogsService,
    private readonly config: Config,
  ) {}

  @Post()
  @RequireScopes('DEPLOYMENTS_WRITE')
  @Operation({
    id: 'createDeployment',
    summary: 'Deploy an image',
    description: 'Answers at once; poll GET /deployments/job/{jobId} until status is RUNNING or FAILED.',
    response: DeploymentAcceptedDto,
    status: 201,
    scopes: ['DEPLOYMENTS_WRITE'],
    rateLimit: 'deploy',
    errors: ['ENVIRONMENT_NOT_FOUND', 'ENVIRONMENT_NOT_ACTIVE', 'HOST_PORT_TAKEN', 'DEPLOYMENT_QUOTA_EXCEEDED'],
  })
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateDeploymentDto,
    @Res({ passthrough: true }) response: Response,
  ): Promise<DeploymentAcceptedDto> {
    const { jobId, deploymentId } = await this.deployments.create(caller, body);
    response.setHeader('Location', `${this.config.http.publicBaseUrl}/deployments/job/${jobId}`);
    return { jobId, deploymentId, status: 'PENDING' };
  }

  @Get('job/:jobId')
  @RequireScopes('DEPLOYMENTS_READ')
  @Operation({
    id: 'getDeploymentByJob',
    summary: 'How far is it?',
    response: DeploymentAnswerDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND'],
  })
  async getByJob(@CurrentCaller() caller: Caller, @Param('jobId') jobId: string): Promise<DeploymentAnswerDto> {
    return { deployment: DeploymentDto.from(await this.deployments.getByJobId(caller, jobId)) };
  }

  @Post('job/:jobId/cancel')
  @HttpCode(202)
  @RequireScopes('DEPLOYMENTS_WRITE')
  @Operation({
    id: 'cancelDeployment',
    summary: 'Cancel what is in progress',
    description: 'Ends in FAILED with errorCode CANCELLED; the release before it is untouched.',
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
  @RequireScopes('DEPLOYMENTS_READ')
  @Operation({
    id: 'listDeployments',
    summary: 'The deployments of an environment, newest first',
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
  @RequireScopes('DEPLOYMENTS_READ')
  @Operation({
    id: 'getDeployment',
    summary: 'One deployment',
    response: DeploymentAnswerDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND'],
  })
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<DeploymentAnswerDto> {
    return { deployment: DeploymentDto.from(await this.deployments.get(caller, id)) };
  }

  @Get(':id/logs')
  @RequireScopes('LOGS_READ')
  @Operation({
    id: 'getDeploymentLogs',
    summary: 'What the containers printed',
    description:
      '`Accept: text/plain` gives the bare text. Empty before there is a container; after a failure, what the last one printed.',
    response: LogsDto,
    scopes: ['LOGS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND', 'DOCKER_UNAVAILABLE'],
  })
  async readLogs(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: LogsQueryDto,
    @Res() response: Response,
  ): Promise<void> {
    const logs = await this.logs.read(caller, id, query);
    response.format({
      'application/json': () => response.json({ logs } satisfies LogsDto),
      'text/plain': () => response.send(logs),
      default: () => response.json({ logs }),
    });
  }

  @Delete(':id')
  @HttpCode(202)
  @RequireScopes('DEPLOYMENTS_WRITE')
  @Operation({
    id: 'deleteDeployment',
    summary: 'Remove a deployment',
    description:
      'Its volumes are kept unless `deleteVolumes=true`. What is in progress is cancelled. The row stays, as STOPPED or FAILED.',
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
