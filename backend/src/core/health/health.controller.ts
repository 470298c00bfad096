import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiProperty, ApiTags } from '@nestjs/swagger';
import { HealthCheck, type HealthCheckResult, HealthCheckService } from '@nestjs/terminus';
import { Public } from '../../common/decorators/access.js';
import { Operation } from '../../common/decorators/operation.js';
import { HealthChecks } from './health-checks.js';

export class LivenessDto {
  @ApiProperty({ enum: ['ok'] })
  status: 'ok';
}

@ApiTags('health')
@Controller('health')
@Public()
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly checks: HealthChecks,
  ) {}

  @Get()
  @HealthCheck()
  @ApiOperation({
    operationId: 'getHealth',
    summary: 'Every part of the platform',
    description: 'No key needed. 503 when a required part is down.',
  })
  all(): Promise<HealthCheckResult> {
    return this.health.check(this.checks.all());
  }

  @Get('live')
  @Operation({ id: 'getLiveness', summary: 'The process answers', response: LivenessDto, open: true })
  live(): LivenessDto {
    return { status: 'ok' };
  }

  @Get('ready')
  @HealthCheck()
  @ApiOperation({
    operationId: 'getReadiness',
    summary: 'It can take work',
    description: 'No key needed. Database and Docker answer, and it is not shutting down; else 503.',
  })
  ready(): Promise<HealthCheckResult> {
    return this.health.check(this.checks.required());
  }
}
