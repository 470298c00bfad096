import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { RequireScopes } from '../../common/decorators/access.js';
import { type Caller, CurrentCaller } from '../../common/decorators/caller.js';
import { Operation } from '../../common/decorators/operation.js';
import { pageOf } from '../../common/pagination.js';
import {
  CreateEnvironmentDto,
  DeleteEnvironmentQueryDto,
  EnvironmentAnswerDto,
  EnvironmentDeletionDto,
  EnvironmentDto,
  EnvironmentListDto,
  ListEnvironmentsQueryDto,
} from './dto/environment.dto.js';
import { EnvironmentsService } from './environments.service.js';

@ApiTags('environments')
@Controller('environments')
export class EnvironmentsController {
  constructor(private readonly environments: EnvironmentsService) {}

  @Post()
  @RequireScopes('ENVIRONMENTS_WRITE')
  @Operation({
    id: 'createEnvironment',
    summary: 'Create an environment: a private network',
    response: EnvironmentAnswerDto,
    status: 201,
    scopes: ['ENVIRONMENTS_WRITE'],
    errors: ['ENVIRONMENT_NAME_TAKEN', 'ENVIRONMENT_QUOTA_EXCEEDED', 'DOCKER_UNAVAILABLE', 'ADDRESS_POOL_EXHAUSTED'],
  })
  async create(@CurrentCaller() caller: Caller, @Body() { name }: CreateEnvironmentDto): Promise<EnvironmentAnswerDto> {
    return { environment: EnvironmentDto.from(await this.environments.create(caller, name)) };
  }

  @Get()
  @RequireScopes('ENVIRONMENTS_READ')
  @Operation({
    id: 'listEnvironments',
    summary: 'Your environments, newest first',
    response: EnvironmentListDto,
    scopes: ['ENVIRONMENTS_READ'],
  })
  async list(@CurrentCaller() caller: Caller, @Query() query: ListEnvironmentsQueryDto): Promise<EnvironmentListDto> {
    const { items, nextCursor } = await this.environments.list(caller, query.status, pageOf(query));
    return { environments: items.map((row) => EnvironmentDto.from(row)), nextCursor };
  }

  @Delete(':id')
  @HttpCode(202)
  @RequireScopes('ENVIRONMENTS_WRITE')
  @Operation({
    id: 'deleteEnvironment',
    summary: 'Delete an environment and everything in it',
    description: 'The clean-up goes on after the answer and ends in status DELETED.',
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
