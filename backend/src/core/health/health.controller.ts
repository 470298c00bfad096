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

/** One part; what else it says depends on the part. */
export class HealthPartDto {
  @ApiProperty({ enum: ['up', 'down'] })
  status: 'up' | 'down';
  message?: string;
}

/** As @nestjs/terminus reports. */
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
    summary: 'Every part of the platform',
    description:
      '503 when a required part is down, with the same body. Of a part that is not required, as the ingress, only its own entry says that it is down.',
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
    summary: 'The process answers',
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
    summary: 'It can take work',
    description: 'Database and Docker answer, and it is not shutting down; else 503.',
    response: HealthDto,
    open: true,
    rateLimit: 'none',
    health: true,
  })
  ready(): Promise<HealthCheckResult> {
    return this.health.check(this.checks.required());
  }
}

/** Terminus throws what a required part that is down makes of the answer. */
function failedResult(error: unknown): HealthCheckResult {
  if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
  throw error;
}
