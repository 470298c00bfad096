import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { Operation } from '#src/common/decorators/operation.js';
import { NonCriticalHealth } from './non-critical-health.js';
import { HealthChecks } from './health-checks.js';

export class LivenessDto {
  @ApiProperty({ enum: ['ok'] })
  status: 'ok';
}

/** Health of one component; further fields depend on the component. */
export class HealthPartDto {
  @ApiProperty({ enum: ['up', 'down'] })
  status: 'up' | 'down';
  message?: string;
}

/** Health report in the format of @nestjs/terminus. */
export class HealthDto {
  @ApiProperty({ enum: ['ok', 'error', 'shutting_down'] })
  status: string;
  @ApiProperty({ type: 'object', additionalProperties: { $ref: '#/components/schemas/HealthPartDto' } })
  info?: object;
  @ApiProperty({ type: 'object', additionalProperties: { $ref: '#/components/schemas/HealthPartDto' } })
  error?: object;
  @ApiProperty({ type: 'object', additionalProperties: { $ref: '#/components/schemas/HealthPartDto' } })
  details: object;
}

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly checks: HealthChecks,
    private readonly optional: NonCriticalHealth,
  ) {}

  @Get()
  @Operation({
    id: 'getHealth',
    summary: 'Get the health of every component',
    description:
      'Returns 503 with the same body if a required component is down. An optional component that is down, such as the ingress, is reported only in its own entry.',
    response: HealthDto,
    open: true,
    health: true,
  })
  async all(): Promise<HealthCheckResult> {
    const result = await this.health.check(this.checks.all()).catch((error: unknown) => failedResult(error));
    const complete = await this.optional.addTo(result);
    if (complete.status === 'ok') return complete;
    throw new ServiceUnavailableException(complete);
  }

  @Get('live')
  @Operation({
    id: 'getLiveness',
    summary: 'Liveness',
    response: LivenessDto,
    open: true,
    rateLimit: 'none',
  })
  live(): LivenessDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @Operation({
    id: 'getReadiness',
    summary: 'Readiness',
    description: 'Returns 200 if the database and Docker answer and the process is not shutting down, else 503.',
    response: HealthDto,
    open: true,
    rateLimit: 'none',
    health: true,
  })
  ready(): Promise<HealthCheckResult> {
    return this.health.check(this.checks.required());
  }
}

/** Terminus throws the report if a required component is down. */
function failedResult(error: unknown): HealthCheckResult {
  if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
  throw error;
}
