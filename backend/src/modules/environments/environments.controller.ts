import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Idempotent, type IdempotentRequest } from '#src/common/decorators/idempotent.js';
import { Operation } from '#src/common/decorators/operation.js';
import { pageOf } from '#src/common/pagination.js';
import {
  CreateEnvironmentDto,
  DeleteEnvironmentQueryDto,
  EnvironmentAnswerDto,
  EnvironmentDeletionDto,
  EnvironmentDto,
  EnvironmentListDto,
  ListEnvironmentsQueryDto,
  UpdateEnvironmentDto,
} from './environment.dto.js';
import { EnvironmentCreation } from './environment-creation.js';
import { EnvironmentsService } from './environments.service.js';

@ApiTags('environments')
@Controller('environments')
export class EnvironmentsController {
  constructor(
    private readonly environments: EnvironmentsService,
    private readonly creation: EnvironmentCreation,
  ) {}

  @Post()
  @Operation({
    id: 'createEnvironment',
    summary: 'Create an environment (a private network)',
    response: EnvironmentAnswerDto,
    status: 201,
    idempotent: true,
    examples: { 'an environment': { name: 'shop' }, 'for a day': { name: 'preview-17', ttlSeconds: 86_400 } },
    scopes: ['ENVIRONMENTS_WRITE'],
    errors: ['ENVIRONMENT_NAME_TAKEN', 'ENVIRONMENT_QUOTA_EXCEEDED', 'DOCKER_UNAVAILABLE', 'ADDRESS_POOL_EXHAUSTED'],
  })
  async create(
    @CurrentCaller() caller: Caller,
    @Body() body: CreateEnvironmentDto,
    @Idempotent() idempotent: IdempotentRequest | undefined,
    @Res({ passthrough: true }) response: Response,
  ): Promise<EnvironmentAnswerDto> {
    const { answer, replayed } = await this.creation.create(caller, body, idempotent);
    if (replayed) response.setHeader('Idempotency-Replayed', 'true');
    return answer;
  }

  @Get()
  @Operation({
    id: 'listEnvironments',
    summary: 'List your environments, newest first',
    response: EnvironmentListDto,
    scopes: ['ENVIRONMENTS_READ'],
  })
  async list(@CurrentCaller() caller: Caller, @Query() query: ListEnvironmentsQueryDto): Promise<EnvironmentListDto> {
    const { items, nextCursor } = await this.environments.list(caller, query.status, pageOf(query));
    return { environments: items.map((row) => EnvironmentDto.from(row)), nextCursor };
  }

  @Patch(':id')
  @Operation({
    id: 'updateEnvironment',
    summary: 'Rename an environment, or change its TTL',
    description: 'Deployments in it are not affected; its network keeps its name.',
    response: EnvironmentAnswerDto,
    scopes: ['ENVIRONMENTS_WRITE'],
    examples: { 'another name': { name: 'shop-staging' }, 'another day': { ttlSeconds: 86_400 } },
    errors: ['ENVIRONMENT_NOT_FOUND', 'ENVIRONMENT_NAME_TAKEN', 'ENVIRONMENT_NOT_ACTIVE'],
  })
  async update(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Body() body: UpdateEnvironmentDto,
  ): Promise<EnvironmentAnswerDto> {
    return { environment: EnvironmentDto.from(await this.environments.update(caller, id, body)) };
  }

  @Delete(':id')
  @HttpCode(202)
  @Operation({
    id: 'deleteEnvironment',
    summary: 'Delete an environment and everything in it',
    description: 'The deletion continues after the response and ends in status DELETED.',
    response: EnvironmentDeletionDto,
    status: 202,
    scopes: ['ENVIRONMENTS_WRITE'],
    errors: ['ENVIRONMENT_NOT_FOUND'],
  })
  async delete(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() { preserveVolumes }: DeleteEnvironmentQueryDto,
  ): Promise<EnvironmentDeletionDto> {
    const environment = await this.environments.delete(caller, id, preserveVolumes ?? false);
    return {
      message: `Environment ${environment.name} is being deleted.`,
      environment: EnvironmentDto.from(environment),
    };
  }
}
