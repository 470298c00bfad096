import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import { IsIn, IsInt, IsOptional, Max, Min } from 'class-validator';
import type { DeploymentStatus } from '#src/generated/prisma/client.js';
import { DEPLOYMENT_STATUSES } from '#src/modules/deployments/domain/transitions.js';

export class WaitQueryDto {
  /** Seconds to wait for a change, 1–60. */
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number of seconds between 1 and 60' })
  @Min(1, { message: 'must be between 1 and 60' })
  @Max(60, { message: 'must be between 1 and 60' })
  wait?: number;

  /** Status that the client knows. Default: the current status. */
  @ApiProperty({ enum: DEPLOYMENT_STATUSES, enumName: 'DeploymentStatus', required: false })
  @IsOptional()
  @IsIn(DEPLOYMENT_STATUSES, { message: `must be one of ${DEPLOYMENT_STATUSES.join(', ')}` })
  status?: DeploymentStatus;
}
