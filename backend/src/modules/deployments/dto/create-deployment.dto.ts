import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsDefined,
  IsIn,
  IsInt,
  IsNumber,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import { ID } from '#src/common/id.pipe.js';
import { TtlSeconds } from '#src/common/time/ttl.js';
import { ContainerOptionsDto } from './container-options.dto.js';

export const DEPLOYMENT_NAME = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;
// eslint-disable-next-line no-control-regex -- NUL ends a C string: no command, variable or credential may contain one
export const NO_NUL = /^[^\u0000]*$/;
const wholeBetween = (min: number, max: number) => ({ message: `must be a whole number between ${min} and ${max}` });

/** Parses numeric strings: older clients send numbers as text. */
const numeric = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;

export class PortDto {
  /** Port inside the container. A numeric string is accepted. */
  @ApiProperty({ example: 80, type: Number })
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, { message: 'must be between 1 and 65535' })
  @Max(65_535, { message: 'must be between 1 and 65535' })
  container: number;

  /** Port of the host. Omitted: reachable only inside the environment and through the public domain. */
  @ApiProperty({ example: 8080, type: Number, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, { message: 'must be between 1 and 65535' })
  @Max(65_535, { message: 'must be between 1 and 65535' })
  host?: number;

  @ApiProperty({ enum: ['tcp', 'udp'], default: 'tcp', required: false })
  @IsOptional()
  @IsIn(['tcp', 'udp'], { message: 'must be tcp or udp' })
  protocol?: 'tcp' | 'udp';
}

export class VolumeDto {
  /** 1–64 letters, digits, `_`, `.` and `-`. Within an environment the same name is the same volume. */
  @ApiProperty({ example: 'data' })
  @IsString({ message: 'must be a string' })
  @Matches(/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$/, {
    message: 'must be 1 to 64 letters, digits, _, . or -, beginning with a letter or digit',
  })
  name: string;

  /** Absolute path in the container. */
  @ApiProperty({ example: '/data' })
  @IsString({ message: 'must be an absolute path' })
  @MaxLength(512, { message: 'must be at most 512 characters' })
  // eslint-disable-next-line no-control-regex -- rejects control characters
  @Matches(/^\/(?!\.{1,2}(\/|$))[^\u0000-\u001f:,]+$/, { message: 'must be an absolute path in the container' })
  path: string;

  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readOnly?: boolean;
}

export class HealthCheckDto {
  /** Healthy when GET of this path returns 200–399. The image needs no extra tool. */
  @IsOptional()
  @IsString({ message: 'must be a path' })
  @MaxLength(1024, { message: 'must be at most 1024 characters' })
  @Matches(/^\/[\x21-\x7e]*$/, { message: 'must begin with / and contain no spaces' })
  path?: string;

  /** Port for `path`. Default: the first TCP port of `ports`. */
  @ApiProperty({ type: Number, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, { message: 'must be between 1 and 65535' })
  @Max(65_535, { message: 'must be between 1 and 65535' })
  port?: number;

  /**
   * Host header for `path`. Default: the public name of the environment if it has one, then `localhost`; the check passes
   * with either.
   */
  @ApiProperty({ example: 'shop.example.com', required: false })
  @IsOptional()
  @IsString({ message: 'must be a host name' })
  @Matches(/^(?=.{1,260}$)[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?$/, {
    message: 'must be a host name, with :port if the application wants it',
  })
  host?: string;

  /** Healthy when this port accepts connections. */
  @ApiProperty({ type: Number, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, { message: 'must be between 1 and 65535' })
  @Max(65_535, { message: 'must be between 1 and 65535' })
  tcpPort?: number;

  /** Healthy when this command exits with 0 in the container. */
  @IsOptional()
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMinSize(1, { message: 'must have at least one element' })
  @ArrayMaxSize(100, { message: 'must have at most 100 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @MaxLength(8192, { each: true, message: 'must contain strings of at most 8192 characters' })
  @Matches(NO_NUL, { each: true, message: 'must not contain NUL' })
  command?: string[];

  /** Disables the health check. */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  disabled?: boolean;

  @IsOptional()
  @IsInt(wholeBetween(1, 3600))
  @Min(1, wholeBetween(1, 3600))
  @Max(3600, wholeBetween(1, 3600))
  intervalSeconds?: number = 10;

  @IsOptional()
  @IsInt(wholeBetween(1, 3600))
  @Min(1, wholeBetween(1, 3600))
  @Max(3600, wholeBetween(1, 3600))
  timeoutSeconds?: number = 5;

  @IsOptional()
  @IsInt(wholeBetween(1, 100))
  @Min(1, wholeBetween(1, 100))
  @Max(100, wholeBetween(1, 100))
  retries?: number = 3;

  @IsOptional()
  @IsInt(wholeBetween(0, 3600))
  @Min(0, wholeBetween(0, 3600))
  @Max(3600, wholeBetween(0, 3600))
  startPeriodSeconds?: number = 60;
}

export class ResourcesDto {
  /** CPU limit, in cores. */
  @IsOptional()
  @IsNumber(
    { allowInfinity: false, allowNaN: false, maxDecimalPlaces: 3 },
    { message: 'must be a number with at most 3 decimals' },
  )
  @Min(0.01, { message: 'must be at least 0.01' })
  cpus?: number;

  /** Memory limit, in MiB. */
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(6, { message: 'must be at least 6' })
  memoryMb?: number;

  /** Maximum number of processes and threads. */
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  pids?: number;

  /** Size of /dev/shm in MiB; what is in it counts as memory. Default: 64. Databases and browsers may need more. */
  @ApiProperty({ type: Number, example: 256, required: false })
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  shmMb?: number;
}

export class RegistryAuthDto {
  @IsString({ message: 'must be a string' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(512, { message: 'must be at most 512 characters' })
  username: string;

  /** Encrypted at rest, never returned. */
  @IsString({ message: 'must be a string' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(8192, { message: 'must be at most 8192 characters' })
  password: string;

  /**
   * Host of the registry, such as `ghcr.io`. Default: the registry of `image`; for a build the registry of the base
   * image that requires credentials.
   */
  @ApiProperty({ example: 'ghcr.io', required: false })
  @IsOptional()
  @IsString({ message: 'must be the host of a registry' })
  @MaxLength(255, { message: 'must be at most 255 characters' })
  registry?: string;
}

/** Run fields, common to all sources of an image. */
export class RunOptionsDto extends ContainerOptionsDto {
  /** The environment to deploy into. */
  @IsString({ message: 'must be the id of an environment' })
  @Matches(ID, { message: 'must be the id of an environment' })
  environmentId: string;

  /**
   * A DNS label. A deployment with the name of an earlier one in the same environment is a new release of it. Default:
   * derived from the image, repository or upload and the jobId.
   */
  @ApiProperty({ example: 'web', required: false })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @Matches(DEPLOYMENT_NAME, {
    message: 'must be 1 to 32 lower-case letters, digits or -, beginning with a letter and not ending with -',
  })
  name?: string;

  /** Validates the request without changing anything and returns the plan with 200. */
  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  dryRun?: boolean = false;

  @IsOptional()
  @IsInt(wholeBetween(1, 20))
  @Min(1, wholeBetween(1, 20))
  @Max(20, wholeBetween(1, 20))
  replicas?: number = 1;

  @ApiProperty({ type: [PortDto], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(50, { message: 'must have at most 50 elements' })
  @IsObject({ each: true, message: 'must be a list of objects' })
  @ValidateNested({ each: true })
  @Type(() => PortDto)
  ports?: PortDto[] = [];

  /** Environment variables. A name is any text without `=`. Encrypted at rest; values are returned as `"***"`. */
  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    example: { NODE_ENV: 'production' },
    selfRequired: false,
  })
  @IsOptional()
  @IsObject({ message: 'must be an object of names and strings' })
  envVars?: Record<string, string> = {};

  @ApiProperty({ type: [VolumeDto], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @ArrayMaxSize(20, { message: 'must have at most 20 elements' })
  @IsObject({ each: true, message: 'must be a list of objects' })
  @ValidateNested({ each: true })
  @Type(() => VolumeDto)
  volumes?: VolumeDto[] = [];

  /** Arguments for the image's entrypoint. They replace the image's CMD. */
  @IsOptional()
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMaxSize(100, { message: 'must have at most 100 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @MaxLength(8192, { each: true, message: 'must contain strings of at most 8192 characters' })
  @Matches(NO_NUL, { each: true, message: 'must not contain NUL' })
  command?: string[] = [];

  /**
   * Program and arguments, in place of the image's entrypoint. The command runs once, before the release starts, in the
   * environment's network with the release's variables and volumes. If it fails, the release fails. A rollback or a
   * start does not run it.
   */
  @ApiProperty({ example: ['npm', 'run', 'migrate'], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMaxSize(100, { message: 'must have at most 100 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @MaxLength(8192, { each: true, message: 'must contain strings of at most 8192 characters' })
  @Matches(NO_NUL, { each: true, message: 'must not contain NUL' })
  releaseCommand?: string[] = [];

  /**
   * Seconds for which the previous release keeps serving after this one is RUNNING. If this one fails during that time,
   * the previous release stays. Default: DRAIN_SECONDS.
   */
  @ApiProperty({ type: Number, example: 10, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(0, 3600))
  @Min(0, wholeBetween(0, 3600))
  @Max(3600, wholeBetween(0, 3600))
  drainSeconds?: number;

  /**
   * Seconds after which the deployment is removed, as by DELETE. The bot and the audit log announce it before; PATCH
   * extends it.
   */
  @TtlSeconds()
  ttlSeconds?: number | null;

  /**
   * Public domain to claim when the deployment is RUNNING, as by POST /environments/{id}/public. Also requires the
   * scope ENVIRONMENTS_WRITE.
   */
  @ApiProperty({ example: 'shop.example.com', required: false })
  @IsOptional()
  @IsString({ message: 'must be a host name' })
  virtualHost?: string;

  /** Container port that `virtualHost` routes to. Default: the first TCP port of `ports`. */
  @ApiProperty({ type: Number, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, wholeBetween(1, 65_535))
  @Max(65_535, wholeBetween(1, 65_535))
  virtualPort?: number;

  /**
   * One of `path`, `tcpPort`, `command`, `disabled`. Default: the HEALTHCHECK of the image, else a TCP check of the
   * first TCP port.
   */
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => HealthCheckDto)
  healthCheck?: HealthCheckDto;

  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => ResourcesDto)
  resources?: ResourcesDto;
}

export class CreateDeploymentDto extends RunOptionsDto {
  /** A registry reference: `nginx`, `nginx:alpine`, `ghcr.io/o/i@sha256:…`. */
  @ApiProperty({ example: 'nginx' })
  @IsDefined({ message: 'is required' })
  @IsString({ message: 'must be a registry reference' })
  @MaxLength(512, { message: 'must be at most 512 characters' })
  image: string;

  /** Default: the tag in `image`, else `latest`. */
  @ApiProperty({ example: 'alpine', required: false })
  @ValidateIf((body: CreateDeploymentDto) => body.tag !== undefined && body.tag !== null)
  @IsString({ message: 'must be a string' })
  @MaxLength(128, { message: 'must be at most 128 characters' })
  tag?: string;

  /** Credentials of the image's registry. Encrypted at rest, never returned. */
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => RegistryAuthDto)
  registryAuth?: RegistryAuthDto;
}
