import { ApiProperty } from '@nestjs/swagger';
import type { DeploymentSource } from '#src/generated/prisma/client.js';
import { DeploymentPortDto, DeploymentResourcesDto, DeploymentVolumeDto } from './deployment.dto.js';

/** What a deployment would be and do. */
export class DeploymentPlanDto {
  environmentId: string;
  name: string;
  @ApiProperty({ enum: ['IMAGE', 'GIT', 'UPLOAD'], enumName: 'DeploymentSource' })
  source: DeploymentSource;
  image: string;
  tag: string | null;
  /** What the tag means now; null for what has to be built. */
  imageDigest: string | null;
  /** What the branch means now. */
  gitCommitSha: string | null;
  /** Of the upload's body. */
  sourceSha256: string | null;
  replicas: number;
  @ApiProperty({ type: [DeploymentPortDto] })
  ports: DeploymentPortDto[];
  @ApiProperty({ type: [DeploymentVolumeDto] })
  volumes: DeploymentVolumeDto[];
  @ApiProperty({ type: DeploymentResourcesDto })
  resources: DeploymentResourcesDto;
  /** The release that would give way; null: there is none. */
  replaces: string | null;
  /** With a host port or a writable volume the old release has to stop first. */
  @ApiProperty({ enum: ['START_FIRST', 'STOP_FIRST'], enumName: 'ReleaseStrategy' })
  strategy: 'START_FIRST' | 'STOP_FIRST';
  steps: string[];
}

export class DeploymentPlanAnswerDto {
  plan: DeploymentPlanDto;
}
