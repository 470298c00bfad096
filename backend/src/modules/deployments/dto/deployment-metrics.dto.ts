import { ApiProperty } from '@nestjs/swagger';
import { Transform, Type } from 'class-transformer';
import { IsDate, IsInt, IsOptional, Max, Min } from 'class-validator';
import { parseSince } from '#src/common/time/since.js';

const STEP = { message: 'must be a whole number between 15 and 86400' };

export class MetricsQueryDto {
  /** Returns points from this time on: RFC 3339, or how long ago, such as `90s`, `15m` or `1h`. At most 24 hours ago. */
  @ApiProperty({ type: String, required: false, default: '1h', example: '1h' })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) => parseSince(value))
  @IsDate({ message: 'must be a time such as 2026-01-31T12:00:00.000Z, or how long ago, such as 15m or 1h' })
  since?: Date;

  /** Seconds that a point is for, 15 or more. By default a multiple of 15 with at most 240 points per replica. */
  @IsOptional()
  @Type(() => Number)
  @IsInt(STEP)
  @Min(15, STEP)
  @Max(86_400, STEP)
  step?: number;
}

export class MetricsPointDto {
  /** Start of the step. */
  at: Date;
  /** Number of the replica, from 1. */
  @ApiProperty({ type: 'integer', example: 1 })
  replica: number;

  /** Cores in use, mean of the step. */
  @ApiProperty({ type: Number, example: 0.0312 })
  cpu: number;

  /** Memory in use without page cache, the highest of the step, bytes. */
  @ApiProperty({ type: 'integer', example: 52_428_800 })
  memoryBytes: number;

  /** Bytes received in the step. */
  @ApiProperty({ type: 'integer', example: 1024 })
  rxBytes: number;

  /** Bytes sent in the step. */
  @ApiProperty({ type: 'integer', example: 2048 })
  txBytes: number;
}

export class MetricsEventDto {
  at: Date;
  /** A release of the name started, or a container replaced another one of its replica. */
  @ApiProperty({ enum: ['RELEASE', 'RESTART'], enumName: 'MetricsEventKind' })
  kind: 'RELEASE' | 'RESTART';

  /** That release, or this deployment. */
  deploymentId: string;
  /** RESTART only: the number of the replica. */
  @ApiProperty({ type: 'integer', nullable: true })
  replica: number | null;
}

export class DeploymentMetricsDto {
  /** Start of the first step. */
  since: Date;
  stepSeconds: number;
  /** By time, then by replica. A step without a sample has no point. */
  points: MetricsPointDto[];
  /** By time; of each kind the last 100. */
  events: MetricsEventDto[];
}
