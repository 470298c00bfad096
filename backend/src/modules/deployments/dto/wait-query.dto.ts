import { ApiProperty } from '@nestjs/swagger';
import { IsIn, IsOptional } from 'class-validator';
import { WaitQueryDto } from '#src/common/wait-query.dto.js';
import type { DeploymentStatus } from '#src/generated/prisma/client.js';
import { DEPLOYMENT_STATUSES } from '#src/modules/deployments/domain/transitions.js';

export class DeploymentWaitQueryDto extends WaitQueryDto {
  /** Status that the client knows. Default: the current status. */
  @ApiProperty({ enum: DEPLOYMENT_STATUSES, enumName: 'DeploymentStatus', required: false })
  @IsOptional()
  @IsIn(DEPLOYMENT_STATUSES, { message: `must be one of ${DEPLOYMENT_STATUSES.join(', ')}` })
  status?: DeploymentStatus;
}
