import { ApiProperty } from '@nestjs/swagger';
import type { DeploymentSource } from '#src/generated/prisma/client.js';
import type { BuildFacts } from '#src/modules/deployments/domain/build-options.js';
import { DeploymentPortDto, DeploymentResourcesDto, DeploymentVolumeDto } from './deployment.dto.js';

/** How the sources would be built. */
export class BuildPreviewDto {
  /** A Dockerfile among the files, commands of the request, or a detected runtime. */
  @ApiProperty({ enum: ['DOCKERFILE', 'COMMANDS', 'DETECTED'], enumName: 'BuildMethod' })
  method: BuildFacts['method'];
  /** Description of the detected runtime. */
  detected: string | null;
  /** What in the files determined the runtime, its version and its commands. */
  reasons: string[];
  warnings: string[];
  /** Null with a Dockerfile among the files. */
  startCommand: string | null;
  /** The `release` process of the Procfile, which runs when the request has no releaseCommand. */
  releaseCommand: string | null;
  /** Text of the Dockerfile, generated or not. */
  dockerfile: string;
}

const ANY_VALUE = {
  oneOf: [
    { type: 'string' },
    { type: 'number', format: 'double' },
    { type: 'boolean' },
    { type: 'array', items: {} },
    { type: 'object', additionalProperties: true },
  ],
};

export class FieldChangeDto {
  /** Path of the field in the body. */
  @ApiProperty({ example: 'envVars.LOG_LEVEL' })
  path: string;
  /** REMOVED: the default applies. */
  @ApiProperty({ enum: ['ADDED', 'CHANGED', 'REMOVED'], enumName: 'FieldChangeKind' })
  change: 'ADDED' | 'CHANGED' | 'REMOVED';
  /** The earlier value; absent for a field that keeps a secret. */
  @ApiProperty({ ...ANY_VALUE, required: false, example: 1 })
  from?: unknown;
  /** The new value; absent for a field that keeps a secret. */
  @ApiProperty({ ...ANY_VALUE, required: false, example: 2 })
  to?: unknown;
}

/** Result of a dry run. */
export class DeploymentPlanDto {
  environmentId: string;
  name: string;
  @ApiProperty({ enum: ['IMAGE', 'GIT', 'UPLOAD'], enumName: 'DeploymentSource' })
  source: DeploymentSource;
  image: string;
  tag: string | null;
  /** Digest that the tag resolves to now; null for an image that has to be built. */
  imageDigest: string | null;
  /** Commit that the branch resolves to now. */
  gitCommitSha: string | null;
  /** SHA-256 of the upload's body. */
  sourceSha256: string | null;
  /** How the sources would be built; null for an image of a registry, and when they could not be read in a minute. */
  @ApiProperty({ type: BuildPreviewDto, nullable: true })
  build: BuildPreviewDto | null;
  replicas: number;
  @ApiProperty({ type: [DeploymentPortDto] })
  ports: DeploymentPortDto[];
  @ApiProperty({ type: [DeploymentVolumeDto] })
  volumes: DeploymentVolumeDto[];
  /** Paths of the files that are mounted. */
  files: string[];
  @ApiProperty({ type: DeploymentResourcesDto })
  resources: DeploymentResourcesDto;
  /** Id of the running release that would be replaced; null when there is none. */
  replaces: string | null;
  /** STOP_FIRST with a host port or a writable volume: the old release stops before the new one starts. */
  @ApiProperty({ enum: ['START_FIRST', 'STOP_FIRST'], enumName: 'ReleaseStrategy' })
  strategy: 'START_FIRST' | 'STOP_FIRST';
  steps: string[];
  /** Of a redeploy or a promotion: the fields that differ from the release that it is made from. */
  @ApiProperty({ type: [FieldChangeDto], required: false })
  changes?: FieldChangeDto[];
}

export class DeploymentPlanAnswerDto {
  plan: DeploymentPlanDto;
}
