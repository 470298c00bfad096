import { Controller, Get } from '@nestjs/common';
import { ApiProperty, ApiTags } from '@nestjs/swagger';
import { type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { Operation } from '../../common/decorators/operation.js';
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
  ) {}

  @Get()
  @Operation({
    id: 'getHealth',
    summary: 'Every part of the platform',
    description: '503 when a required part is down, with the same body.',
    response: HealthDto,
    open: true,
    health: true,
  })
  all(): Promise<HealthCheckResult> {
    return this.health.check(this.checks.all());
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
