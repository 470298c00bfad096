import { Injectable } from '@nestjs/common';
import type { Caller } from '#src/common/decorators/caller.js';
import { Clock } from '#src/common/time/clock.js';
import { Config } from '#src/config/config.js';
import { DeploymentsService } from '#src/modules/deployments/deployments.service.js';
import type { DeploymentMetricsDto, MetricsEventDto } from '#src/modules/deployments/dto/deployment-metrics.dto.js';
import {
  ContainerSamplesRepository,
  type UsagePoint,
} from '#src/modules/deployments/repositories/container-samples.repository.js';
import { metricsRange } from './metrics-range.js';

/** Reads the usage of a deployment's containers, and what explains its jumps: restarts and releases of the name. */
@Injectable()
export class DeploymentMetricsService {
  constructor(
    private readonly deployments: DeploymentsService,
    private readonly samples: ContainerSamplesRepository,
    private readonly config: Config,
    private readonly clock: Clock,
  ) {}

  async read(
    caller: Caller,
    id: string,
    query: { since?: Date | undefined; step?: number | undefined },
  ): Promise<DeploymentMetricsDto> {
    const { environmentId, name } = await this.deployments.get(caller, id);
    const range = { now: this.clock.now(), intervalMs: this.config.sampleIntervalMs };
    const { since, stepSeconds } = metricsRange(query, range);
    const [points, restarts, releases] = await Promise.all([
      this.samples.points(id, since, stepSeconds),
      this.samples.restarts(id, since),
      this.samples.releases(environmentId, name, since),
    ]);
    const events: MetricsEventDto[] = [
      ...restarts.map(({ at, replica }) => ({ at, kind: 'RESTART' as const, deploymentId: id, replica })),
      ...releases.flatMap(({ id: deploymentId, startedAt: at }) =>
        at ? [{ at, kind: 'RELEASE' as const, deploymentId, replica: null }] : [],
      ),
    ];
    events.sort((a, b) => a.at.getTime() - b.at.getTime());
    return { since, stepSeconds, points: points.map(rounded), events };
  }
}

function rounded({ cpu, ...point }: UsagePoint): UsagePoint {
  return { ...point, cpu: Math.round(cpu * 10_000) / 10_000 };
}
