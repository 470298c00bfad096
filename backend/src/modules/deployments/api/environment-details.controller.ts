import { Controller, Get, Param } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { EnvironmentDto } from '#src/modules/environments/environment.dto.js';
import { EnvironmentsService } from '#src/modules/environments/environments.service.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import { DeploymentDto } from '#src/modules/deployments/dto/deployment.dto.js';
import { EnvironmentDetailsAnswerDto } from '#src/modules/deployments/dto/environment-details.dto.js';

const NEWEST = 10;

/**
 * `GET /environments/:id` lives here because its response has deployments, and environments do not import deployments.
 */
@ApiTags('environments')
@Controller('environments')
export class EnvironmentDetailsController {
  constructor(
    private readonly environments: EnvironmentsService,
    private readonly deployments: DeploymentsService,
  ) {}

  @Get(':id')
  @Operation({
    id: 'getEnvironment',
    summary: 'Get an environment with its newest 10 deployments',
    description: 'A deleted environment is returned with status DELETED.',
    response: EnvironmentDetailsAnswerDto,
    scopes: ['ENVIRONMENTS_READ'],
    errors: ['ENVIRONMENT_NOT_FOUND'],
  })
  async get(@CurrentCaller() caller: Caller, @Param('id') id: string): Promise<EnvironmentDetailsAnswerDto> {
    const environment = EnvironmentDto.from(await this.environments.get(caller, id));
    const { items } = await this.deployments.listOfEnvironment(caller, id, { limit: NEWEST, after: undefined });
    return { environment: { ...environment, deployments: items.map((row) => DeploymentDto.from(row)) } };
  }
}
