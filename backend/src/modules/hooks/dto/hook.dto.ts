import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import type { DeployHook } from '#src/generated/prisma/client.js';
import { DEPLOYMENT_NAME } from '#src/modules/deployments/dto/create-deployment.dto.js';

export class CreateHookDto {
  /** Of the deployment from Git that a push redeploys. */
  @ApiProperty({ example: 'web' })
  @IsString({ message: 'must be a string' })
  @Matches(DEPLOYMENT_NAME, { message: 'must be the name of a deployment' })
  name: string;

  /** Only pushes to this branch. Default: the one that the newest deployment of the name was made from. */
  @ApiProperty({ example: 'main', required: false })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MaxLength(255, { message: 'must be at most 255 characters' })
  @Matches(/^[^\s~^:?*[\\]+$/, { message: 'must be the name of a branch' })
  branch?: string;

  /** Only pushes that touch a file which one of these globs means. */
  @ApiProperty({ example: ['services/api/**'], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMaxSize(50, { message: 'must have at most 50 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @MaxLength(512, { each: true, message: 'must hold strings of at most 512 characters' })
  paths?: string[];
}

export class HookDto {
  id: string;
  environmentId: string;
  name: string;
  /** Null: the branch that the newest deployment of the name was made from. */
  branch: string | null;
  paths: string[];
  /** Where the repository sends its pushes, as JSON. */
  url: string;
  lastDeliveryAt: Date | null;
  /** What became of the last delivery, in a sentence. */
  lastOutcome: string | null;
  createdAt: Date;

  static from(
    { id, environmentId, name, branch, paths, lastDeliveryAt, lastOutcome, createdAt }: DeployHook,
    base: string,
  ): HookDto {
    const url = `${base}/hooks/${id}`;
    return { id, environmentId, name, branch, paths, url, lastDeliveryAt, lastOutcome, createdAt };
  }
}

export class HookCreatedDto {
  hook: HookDto;
  /** For the repository's settings. Shown this once. */
  secret: string;
}

export class HookListDto {
  hooks: HookDto[];
}

export class HookMessageDto {
  message: string;
}

export class HookOutcomeDto {
  /** `DEPLOYING`: a release was made. `IGNORED`: it was not meant. `REPLAYED`: it was taken before. */
  @ApiProperty({ enum: ['DEPLOYING', 'IGNORED', 'REPLAYED'] })
  outcome: 'DEPLOYING' | 'IGNORED' | 'REPLAYED';
  message: string;
  /** of the release */
  jobId?: string;
}
