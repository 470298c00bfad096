import { ApiProperty } from '@nestjs/swagger';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import { NO_NUL, RegistryAuthDto, RunOptionsDto } from './create-deployment.dto.js';

/** A name of a stage, or its number. */
const STAGE = /^[A-Za-z0-9][\w.-]{0,127}$/;

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

  /**
   * Passes `envVars` to the build as build arguments too, as browser bundlers need them (`NEXT_PUBLIC_…`, `VITE_…`). All
   * of them become part of the image's history: with secrets in `envVars`, list the public names in `buildArgs` instead.
   */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  buildEnvVars?: boolean = false;

  /** Stage of the Dockerfile to build. Default: the last one. */
  @ApiProperty({ example: 'production', required: false })
  @IsOptional()
  @IsString({ message: 'must be the name of a stage' })
  @Matches(STAGE, { message: 'must be the name of a stage of the Dockerfile, or its number' })
  target?: string;

  /**
   * Secrets by id, for `RUN --mount=type=secret,id=…` of the Dockerfile. They are in no layer, history or log. Encrypted
   * at rest, never returned.
   */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { npmrc: '//npm.example.com/:_authToken=…' },
    selfRequired: false,
  })
  @IsOptional()
  @IsObject({ message: 'must be an object of ids and strings' })
  buildSecrets?: Record<string, string> = {};

  /**
   * Credentials for private base images (`FROM`, `COPY --from`) of one registry; no other host receives them. Encrypted
   * at rest, never returned.
   */
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => RegistryAuthDto)
  registryAuth?: RegistryAuthDto;
}
