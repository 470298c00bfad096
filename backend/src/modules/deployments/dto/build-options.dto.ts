import { ApiProperty } from '@nestjs/swagger';
import { IsObject, IsOptional, IsString, Matches, MaxLength, MinLength } from 'class-validator';
import { NO_NUL, RunOptionsDto } from './create-deployment.dto.js';

/** Build and run fields, common to Git and upload deployments. */
export class BuildOptionsDto extends RunOptionsDto {
  /** Folder of the repository or the upload to build. */
  @ApiProperty({ example: 'services/web', required: false, default: '.' })
  @IsOptional()
  @IsString({ message: 'must be a path' })
  @MaxLength(1024, { message: 'must be at most 1024 characters' })
  buildContext?: string = '.';

  /** Path in `buildContext`. Default: `Dockerfile`, if it exists. */
  @ApiProperty({ example: 'docker/Dockerfile', required: false })
  @IsOptional()
  @IsString({ message: 'must be a path' })
  @MaxLength(1024, { message: 'must be at most 1024 characters' })
  dockerfile?: string;

  /** Without a Dockerfile: the base image. Default: the image of the detected runtime. */
  @ApiProperty({ example: 'node:22', required: false })
  @IsOptional()
  @IsString({ message: 'must be a registry reference' })
  @MaxLength(512, { message: 'must be at most 512 characters' })
  baseImage?: string;

  /** Without a Dockerfile: the build runs it with `sh -c` as an unprivileged user. */
  @ApiProperty({ example: 'npm ci', required: false })
  @IsOptional()
  @IsString({ message: 'must be a command' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(8192, { message: 'must be at most 8192 characters' })
  @Matches(NO_NUL, { message: 'must not contain NUL' })
  installCommand?: string;

  /** Without a Dockerfile: the build runs it after `installCommand`. */
  @ApiProperty({ example: 'npm run build', required: false })
  @IsOptional()
  @IsString({ message: 'must be a command' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(8192, { message: 'must be at most 8192 characters' })
  @Matches(NO_NUL, { message: 'must not contain NUL' })
  buildCommand?: string;

  /** Without a Dockerfile: the command that the container runs. */
  @ApiProperty({ example: 'npm start', required: false })
  @IsOptional()
  @IsString({ message: 'must be a command' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(8192, { message: 'must be at most 8192 characters' })
  @Matches(NO_NUL, { message: 'must not contain NUL' })
  startCommand?: string;

  /**
   * Values of the Dockerfile's `ARG`s. Encrypted at rest. They become part of the image's history: do not pass secrets.
   */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { VERSION: '1.2.3' },
    selfRequired: false,
  })
  @IsOptional()
  @IsObject({ message: 'must be an object of names and strings' })
  buildArgs?: Record<string, string> = {};
}
