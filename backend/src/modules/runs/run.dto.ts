import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  ValidateNested,
} from 'class-validator';
import { PageQueryDto } from '#src/common/page-query.dto.js';
import { WaitQueryDto } from '#src/common/wait-query.dto.js';
import type { Run, RunStatus, RunTrigger } from '#src/generated/prisma/client.js';
import { DEPLOYMENT_NAME, NO_NUL, ResourcesDto } from '#src/modules/deployments/dto/create-deployment.dto.js';
import { runResourcesOf } from './run-resources.js';
import { RUN_STATUSES } from './run-statuses.js';

export const MAX_TIMEOUT_SECONDS = 86_400;
const TIMEOUT = { message: `must be a whole number between 1 and ${MAX_TIMEOUT_SECONDS}` };

export class CreateRunDto {
  /** Program and arguments, in place of the image's entrypoint. No shell reads them. */
  @ApiProperty({ example: ['npm', 'run', 'migrate'] })
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMinSize(1, { message: 'must have at least one element' })
  @ArrayMaxSize(100, { message: 'must have at most 100 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @MaxLength(8192, { each: true, message: 'must contain strings of at most 8192 characters' })
  @Matches(NO_NUL, { each: true, message: 'must not contain NUL' })
  command: string[];

  /** Variables of this run, which override those of the release. Encrypted at rest; values are returned as `"***"`. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { LOG_LEVEL: 'debug' },
    selfRequired: false,
  })
  @IsOptional()
  @IsObject({ message: 'must be an object of names and strings' })
  envVars?: Record<string, string> = {};

  /** Seconds after which the run is ended as TIMED_OUT. */
  @ApiProperty({ type: Number, default: 3600, required: false })
  @IsOptional()
  @IsInt(TIMEOUT)
  @Min(1, TIMEOUT)
  @Max(MAX_TIMEOUT_SECONDS, TIMEOUT)
  timeoutSeconds?: number = 3600;

  /** Limits of this run. What is omitted is as in the release. */
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => ResourcesDto)
  resources?: ResourcesDto;
}

export class RunAcceptedDto {
  runId: string;
  /** 16 characters. */
  jobId: string;
  @ApiProperty({ enum: ['PENDING'] })
  status: 'PENDING';
}

export class RunResourcesDto {
  cpus: number;
  memoryMb: number;
  pids: number;
  shmMb?: number;
}

export class RunDto {
  id: string;
  jobId: string;
  /** The release that it runs with; null when there was none. */
  deploymentId: string | null;
  environmentId: string;
  /** Name of the deployment. */
  name: string;
  command: string[];
  /** Names of the variables of the request; every value is `"***"`. */
  @ApiProperty({ type: 'object', additionalProperties: { type: 'string' } })
  envVars: Record<string, string>;
  resources: RunResourcesDto;
  timeoutSeconds: number;
  @ApiProperty({ enum: RUN_STATUSES, enumName: 'RunStatus' })
  status: RunStatus;
  @ApiProperty({ enum: ['API', 'SCHEDULE'], enumName: 'RunTrigger' })
  trigger: RunTrigger;
  /** Exit code of the command; null until it has ended, and when it ended without one. */
  exitCode: number | null;
  /** Why it did not succeed; null otherwise. */
  errorCode: string | null;
  /** How it ended, with its last lines; null when it succeeded. */
  errorMessage: string | null;
  createdAt: Date;
  startedAt: Date | null;
  endedAt: Date | null;

  static from(row: Run): RunDto {
    const { id, jobId, deploymentId, environmentId, name, command, timeoutSeconds, status, trigger } = row;
    const { exitCode, errorCode, errorMessage, createdAt, startedAt, endedAt } = row;
    return {
      ...{ id, jobId, deploymentId, environmentId, name, command },
      envVars: Object.fromEntries(row.envVarNames.map((variable) => [variable, '***'])),
      resources: runResourcesOf(row),
      ...{ timeoutSeconds, status, trigger },
      // Decided before the run ends: a client sees them together with the status.
      ...(endedAt === null ? UNDECIDED : { exitCode, errorCode, errorMessage }),
      ...{ createdAt, startedAt, endedAt },
    };
  }
}

const UNDECIDED = { exitCode: null, errorCode: null, errorMessage: null };

export class RunAnswerDto {
  run: RunDto;
}

export class RunMessageDto {
  message: string;
  run: RunDto;
}

export class RunListDto {
  runs: RunDto[];
  nextCursor: string | null;
}

export class RunListQueryDto extends PageQueryDto {
  /** Only runs of this deployment name. */
  @IsOptional()
  @Matches(DEPLOYMENT_NAME, { message: 'must be the name of a deployment' })
  name?: string;
}

export class RunWaitQueryDto extends WaitQueryDto {
  /** Status that the client knows. Default: the current status. */
  @ApiProperty({ enum: RUN_STATUSES, enumName: 'RunStatus', required: false })
  @IsOptional()
  @IsIn(RUN_STATUSES, { message: `must be one of ${RUN_STATUSES.join(', ')}` })
  status?: RunStatus;
}
