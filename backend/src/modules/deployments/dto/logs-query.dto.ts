import { Type } from 'class-transformer';
import { IsBoolean, IsDate, IsInt, IsOptional, Max, Min } from 'class-validator';
import { ParseBooleanQuery } from '#src/common/parse-boolean-query.js';

export class LogsQueryDto {
  /** The last lines, 1–10000. */
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number between 1 and 10000' })
  @Min(1, { message: 'must be between 1 and 10000' })
  @Max(10_000, { message: 'must be between 1 and 10000' })
  tail?: number = 100;

  /** Only lines from this time on, RFC 3339. */
  @IsOptional()
  @Type(() => Date)
  @IsDate({ message: 'must be a time such as 2026-01-31T12:00:00.000Z' })
  since?: Date;

  /** Go on as they print. */
  @IsOptional()
  @ParseBooleanQuery()
  @IsBoolean({ message: 'must be true or false' })
  follow?: boolean = false;

  /** With `follow`: when a release is gone, go on with the one that took its place. */
  @IsOptional()
  @ParseBooleanQuery()
  @IsBoolean({ message: 'must be true or false' })
  acrossReleases?: boolean = false;
}

export class DeleteDeploymentQueryDto {
  /** Delete its volumes too. */
  @IsOptional()
  @ParseBooleanQuery()
  @IsBoolean({ message: 'must be true or false' })
  deleteVolumes?: boolean = false;
}
