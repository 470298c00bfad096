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
import { BASELINE_CAPABILITIES } from '#src/modules/deployments/domain/release.js';

export const DEPLOYMENT_NAME = /^[a-z]([a-z0-9-]{0,30}[a-z0-9])?$/;
// eslint-disable-next-line no-control-regex -- NUL ends a C string: no command, variable or credential may hold one
export const NO_NUL = /^[^\u0000]*$/;
const wholeBetween = (min: number, max: number) => ({ message: `must be a whole number between ${min} and ${max}` });

/** Older clients send numbers as text. */
const numeric = ({ value }: { value: unknown }): unknown =>
  typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : value;

export class PortDto {
  /** Port inside the container. A numeric string will do. */
  @ApiProperty({ example: 80, type: Number })
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, { message: 'must be between 1 and 65535' })
  @Max(65_535, { message: 'must be between 1 and 65535' })
  container: number;

  /** Port of the host. Missing: reachable inside the environment and by the public domain only. */
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
  /** 1–64 letters, digits, `_`, `.` and `-`; the same name in one environment is the same volume. */
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
  // eslint-disable-next-line no-control-regex -- control characters are what it refuses
  @Matches(/^\/(?!\.{1,2}(\/|$))[^\u0000-\u001f:,]+$/, { message: 'must be an absolute path in the container' })
  path: string;

  @IsOptional()
  @IsBoolean({ message: 'must be true or false' })
  readOnly?: boolean;
}

export class HealthCheckDto {
  /** GET this path; 200–399 is healthy. Needs nothing in the image. */
  @IsOptional()
  @IsString({ message: 'must be a path' })
  @MaxLength(1024, { message: 'must be at most 1024 characters' })
  @Matches(/^\/[\x21-\x7e]*$/, { message: 'must begin with / and hold no spaces' })
  path?: string;

  /** With `path`; default: the first TCP port of `ports`. */
  @ApiProperty({ type: Number, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, { message: 'must be between 1 and 65535' })
  @Max(65_535, { message: 'must be between 1 and 65535' })
  port?: number;

  /** Healthy when this port accepts connections. */
  @ApiProperty({ type: Number, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, { message: 'must be between 1 and 65535' })
  @Max(65_535, { message: 'must be between 1 and 65535' })
  tcpPort?: number;

  /** Healthy when this command, run in the container, exits with 0. */
  @IsOptional()
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMinSize(1, { message: 'must have at least one element' })
  @ArrayMaxSize(100, { message: 'must have at most 100 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @MaxLength(8192, { each: true, message: 'must hold strings of at most 8192 characters' })
  @Matches(NO_NUL, { each: true, message: 'must not hold NUL' })
  command?: string[];

  /** No health check at all. */
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
  /** Limit in cores. */
  @IsOptional()
  @IsNumber(
    { allowInfinity: false, allowNaN: false, maxDecimalPlaces: 3 },
    { message: 'must be a number with at most 3 decimals' },
  )
  @Min(0.01, { message: 'must be at least 0.01' })
  cpus?: number;

  /** Limit in MiB. */
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(6, { message: 'must be at least 6' })
  memoryMb?: number;

  /** Limit of processes and threads. */
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  pids?: number;
}

export class RegistryAuthDto {
  @IsString({ message: 'must be a string' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(512, { message: 'must be at most 512 characters' })
  username: string;

  /** Encrypted at rest, never given back. */
  @IsString({ message: 'must be a string' })
  @MinLength(1, { message: 'must not be empty' })
  @MaxLength(8192, { message: 'must be at most 8192 characters' })
  password: string;
}

/** How a deployment runs, whatever its image comes from. */
export class RunOptionsDto {
  /** The environment to deploy into. */
  @IsString({ message: 'must be the id of an environment' })
  @Matches(ID, { message: 'must be the id of an environment' })
  environmentId: string;

  /** A DNS label. The same name in the same environment again is a new release of the same thing. Default: from the image and the jobId. */
  @ApiProperty({ example: 'web', required: false })
  @IsOptional()
  @IsString({ message: 'must be a string' })
  @Matches(DEPLOYMENT_NAME, {
    message: 'must be 1 to 32 lower-case letters, digits or -, beginning with a letter and not ending with -',
  })
  name?: string;

  /** Only look: everything is checked that can be without changing anything, and the answer, 200, is the plan. */
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

  /** Environment variables. Encrypted at rest; values come back as `"***"`. */
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

  /** Arguments for the image's entrypoint, instead of its own. */
  @IsOptional()
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMaxSize(100, { message: 'must have at most 100 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @MaxLength(8192, { each: true, message: 'must hold strings of at most 8192 characters' })
  @Matches(NO_NUL, { each: true, message: 'must not hold NUL' })
  command?: string[] = [];

  /**
   * Arguments for the image's entrypoint, run once to their end in the environment's network before the release starts, with its variables and
   * volumes; its failure ends the release. Not for a rollback or a start.
   */
  @ApiProperty({ example: ['npm', 'run', 'migrate'], required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list of strings' })
  @ArrayMaxSize(100, { message: 'must have at most 100 elements' })
  @IsString({ each: true, message: 'must be a list of strings' })
  @MaxLength(8192, { each: true, message: 'must hold strings of at most 8192 characters' })
  @Matches(NO_NUL, { each: true, message: 'must not hold NUL' })
  releaseCommand?: string[] = [];

  /** How long the release before goes on serving once this one is RUNNING; if this one dies meanwhile, that one stays. Default: DRAIN_SECONDS. */
  @ApiProperty({ type: Number, example: 10, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(0, 3600))
  @Min(0, wholeBetween(0, 3600))
  @Max(3600, wholeBetween(0, 3600))
  drainSeconds?: number;

  /** It is removed after that many seconds, as by DELETE; announced before in the bot and in the audit, and put off with PATCH. */
  @TtlSeconds()
  ttlSeconds?: number | null;

  /** The same as POST /environments/{id}/public with this domain, once the deployment runs; needs the scope ENVIRONMENTS_WRITE, too. */
  @ApiProperty({ example: 'shop.example.com', required: false })
  @IsOptional()
  @IsString({ message: 'must be a host name' })
  virtualHost?: string;

  /** With `virtualHost`: the port that answers. Default: the first TCP port of `ports`. */
  @ApiProperty({ type: Number, required: false })
  @IsOptional()
  @Transform(numeric)
  @IsInt(wholeBetween(1, 65_535))
  @Min(1, wholeBetween(1, 65_535))
  @Max(65_535, wholeBetween(1, 65_535))
  virtualPort?: number;

  /** One of `path`, `tcpPort`, `command`, `disabled`. Default: the image's own check, else that the first TCP port accepts connections. */
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

  /** Linux capabilities to keep; fewer than the default, never more. */
  @ApiProperty({ enum: [...BASELINE_CAPABILITIES], isArray: true, required: false })
  @IsOptional()
  @IsArray({ message: 'must be a list' })
  @IsIn(BASELINE_CAPABILITIES, { each: true, message: `must be of ${BASELINE_CAPABILITIES.join(', ')}` })
  capabilities?: string[];
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

  /** Credentials of the image's registry. Encrypted at rest, never given back. */
  @IsOptional()
  @IsObject({ message: 'must be an object' })
  @ValidateNested()
  @Type(() => RegistryAuthDto)
  registryAuth?: RegistryAuthDto;
}
