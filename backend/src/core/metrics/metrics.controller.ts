import { Controller, Get, Headers, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { Operation } from '#src/common/decorators/operation.js';
import { DomainError } from '#src/common/errors/domain-error.js';
import { timingSafeEqualText } from '#src/common/timing-safe-equal.js';
import { Config } from '#src/config/config.js';
import { Metrics } from './metrics.js';

export class MetricsDto {
  /** Metrics in the text format of Prometheus. */
  text: string;
}

@ApiTags('health')
@Controller('metrics')
export class MetricsController {
  constructor(
    private readonly metrics: Metrics,
    private readonly config: Config,
  ) {}

  @Get()
  @Operation({
    id: 'getMetrics',
    summary: 'Get metrics for Prometheus',
    description: 'Requires METRICS_TOKEN as `Authorization: Bearer …`. Returns 404 if METRICS_TOKEN is not set.',
    response: MetricsDto,
    alsoAs: ['text/plain'],
    open: true,
    rateLimit: 'none',
    errors: ['ROUTE_NOT_FOUND', 'UNAUTHENTICATED'],
  })
  async get(@Headers('authorization') authorization: string | undefined, @Res() response: Response): Promise<void> {
    const { metricsToken } = this.config;
    if (metricsToken === undefined) throw absent();
    if (!timingSafeEqualText(authorization ?? '', `Bearer ${metricsToken}`))
      throw new DomainError('UNAUTHENTICATED', { detail: 'The metrics token is missing or wrong.' });
    const answer = await this.metrics.text();
    if (!answer) throw absent();
    response.setHeader('Content-Type', answer.type);
    response.send(answer.body);
  }
}

function absent(): DomainError {
  return new DomainError('ROUTE_NOT_FOUND', { detail: 'GET /metrics does not exist.' });
}
