import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { type Caller, CurrentCaller } from '#src/common/decorators/caller.js';
import { Operation } from '#src/common/decorators/operation.js';
import { DeploymentMetricsDto, MetricsQueryDto } from '#src/modules/deployments/dto/deployment-metrics.dto.js';
import { DeploymentMetricsService } from '#src/modules/deployments/metrics/deployment-metrics.service.js';

@ApiTags('deployments')
@Controller('deployments')
export class DeploymentMetricsController {
  constructor(private readonly metrics: DeploymentMetricsService) {}

  @Get(':id/metrics')
  @Operation({
    id: 'getDeploymentMetrics',
    summary: 'Get CPU, memory and network of the containers',
    description:
      'Usage of the containers of this deployment by replica, sampled every 15 s (METRICS_SAMPLE_SECONDS) and kept for a day, with the restarts and the releases of the name. Containers on other nodes of the swarm than the API’s are not sampled. Empty for a deployment that never ran.',
    response: DeploymentMetricsDto,
    scopes: ['DEPLOYMENTS_READ'],
    errors: ['DEPLOYMENT_NOT_FOUND'],
  })
  async read(
    @CurrentCaller() caller: Caller,
    @Param('id') id: string,
    @Query() query: MetricsQueryDto,
  ): Promise<DeploymentMetricsDto> {
    return this.metrics.read(caller, id, query);
  }
}
