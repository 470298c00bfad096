import { ApiProperty } from '@nestjs/swagger';
import { ArrayMaxSize, IsArray, IsOptional, IsString, Matches, MaxLength, ValidateBy } from 'class-validator';
import { isPathGlob, MAX_GLOB_LENGTH } from '#src/common/glob.js';
import type { DeployHook } from '#src/generated/prisma/client.js';
import { DEPLOYMENT_NAME } from '#src/modules/deployments/dto/create-deployment.dto.js';
import { type HookMakers, suspensionOf } from '#src/modules/hooks/domain/hook-suspension.js';

const IsPathGlob = (): PropertyDecorator =>
  ValidateBy(
    { name: 'isPathGlob', validator: { validate: (value: unknown) => typeof value === 'string' && isPathGlob(value) } },
    {
      each: true,
      message: `must hold globs of 1 to ${MAX_GLOB_LENGTH} characters with *, ** and ? only: no braces, brackets or backslashes`,
    },
  );

export class CreateHookDto {
  /** Name of the Git deployment that a push redeploys. */
  @ApiProperty({ example: 'web' })
  @IsString({ message: 'must be a string' })
  @Matches(DEPLOYMENT_NAME, { message: 'must be the name of a deployment' })
  name: string;

  /** Redeploy only on pushes to this branch. Default: the branch of the newest deployment of the name. */
  @ApiProperty({ example: 'main', required: false })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @MaxLength(255, { message: 'must be at most 255 characters' })
  @Matches(/^[^\s~^:?*[\\]+$/, { message: 'must be the name of a branch' })
  branch?: string;

  /** Redeploy only on pushes that change a file matching one of these globs: `*`, `**` (any folders) and `?`. */
  @ApiProperty({ example: ['services/api/**'], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMaxSize(50, { message: 'must have at most 50 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @IsPathGlob()
  paths?: string[];
}

export class HookDto {
  id: string;
  environmentId: string;
  name: string;
  /** Null: the branch of the newest deployment of the name. */
  branch: string | null;
  paths: string[];
  /** URL for the webhook settings of the repository; content type JSON or form. */
  url: string;
  lastDeliveryAt: Date | null;
  /** Outcome of the last delivery, in a sentence. */
  lastOutcome: string | null;
  /** The key that made the hook, which works as long as the key does. Null: an older hook. */
  keyId: string | null;
  /** Why deliveries are refused. Null: they are accepted. */
  suspendedReason: string | null;
  createdAt: Date;

  static from(hook: DeployHook & HookMakers, base: string): HookDto {
    const { id, environmentId, name, branch, paths, lastDeliveryAt, lastOutcome, keyId, createdAt } = hook;
    const url = `${base}/hooks/${id}`;
    const suspendedReason = suspensionOf(hook, new Date());
    return {
      id,
      environmentId,
      name,
      branch,
      paths,
      url,
      lastDeliveryAt,
      lastOutcome,
      keyId,
      suspendedReason,
      createdAt,
    };
  }
}

export class HookCreatedDto {
  hook: HookDto;
  /** Secret for the webhook settings of the repository. It is not shown again. */
  secret: string;
}

export class HookListDto {
  hooks: HookDto[];
}

export class HookMessageDto {
  message: string;
}

export class HookOutcomeDto {
  /** `DEPLOYING`: a release is pending. `IGNORED`: the hook does not match. `REPLAYED`: processed before. */
  @ApiProperty({ enum: ['DEPLOYING', 'IGNORED', 'REPLAYED'] })
  outcome: 'DEPLOYING' | 'IGNORED' | 'REPLAYED';
  message: string;
  /** Job of the release. */
  jobId?: string;
}
