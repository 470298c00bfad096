import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
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
import { FileDto } from './file.dto.js';
import { BASELINE_CAPABILITIES } from '#src/modules/deployments/domain/release.js';

const GRACE_SECONDS = { message: 'must be a whole number of seconds between 1 and 300' };

export class TmpfsDto {
  /** Absolute path in the container. */
  @ApiProperty({ example: '/cache' })
  @IsString({ message: 'must be an absolute path' })
  @MaxLength(512, { message: 'must be at most 512 characters' })
  // eslint-disable-next-line no-control-regex -- rejects control characters
  @Matches(/^\/(?!\.{1,2}(\/|$))[^\u0000-\u001f:,]+$/, { message: 'must be an absolute path in the container' })
  path: string;

  /** Size limit in MiB. The files count as memory of the container. */
  @IsInt({ message: 'must be a whole number of MiB' })
  @Min(1, { message: 'must be at least 1' })
  sizeMb: number;
}

/** How the processes of a container run and end. */
export class ContainerOptionsDto {
  /**
   * Runs an init process as process 1. It reaps orphaned processes and forwards signals. `false` for an image that must
   * be process 1 itself, such as one with s6 or systemd.
   */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  init?: boolean = true;

  /** Seconds that a container has to end after its stop signal, before it is killed. */
  @IsOptional()
  @IsInt(GRACE_SECONDS)
  @Min(1, GRACE_SECONDS)
  @Max(300, GRACE_SECONDS)
  stopGraceSeconds?: number = 10;

  /** Signal that asks the container to end. Default: the image's STOPSIGNAL, else SIGTERM. */
  @ApiProperty({ example: 'SIGINT', required: false })
  @IsOptional()
  @IsString({ message: 'must be the name of a signal, such as SIGINT' })
  @MaxLength(32, { message: 'must be the name of a signal, such as SIGINT' })
  stopSignal?: string;

  /** Folders in memory. */
  @ApiProperty({ type: [TmpfsDto], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(20, { message: 'must have at most 20 elements' })
  @IsObject({ each: true, message: 'must be a list of objects' })
  @ValidateNested({ each: true })
  @Type(() => TmpfsDto)
  tmpfs?: TmpfsDto[] = [];

  /**
   * Files that are mounted read-only, 4 MiB together. They are encrypted at rest, and no response has their content. In
   * the body of a redeploy or a promotion they merge by path.
   */
  @ApiProperty({ type: [FileDto], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(64, { message: 'must have at most 64 elements' })
  @IsObject({ each: true, message: 'must be a list of objects' })
  @ValidateNested({ each: true })
  @Type(() => FileDto)
  files?: FileDto[] = [];

  /**
   * All Linux capabilities of the container, instead of the default. Besides those of the default, a request may name
   * those that the operator lists in ALLOWED_CAPABILITIES.
   */
  @ApiProperty({ type: [String], example: [...BASELINE_CAPABILITIES], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(64, { message: 'must have at most 64 elements' })
  @IsString({ each: true, message: 'must be a list of names, such as CHOWN' })
  @Matches(/^[A-Za-z_]{1,40}$/, { each: true, message: 'must be a list of names, such as CHOWN' })
  capabilities?: string[];
}
