import { Type } from 'class-transformer';
import { IsBoolean, IsDate, IsInt, IsOptional, Max, Min } from 'class-validator';
import { ParseBooleanQuery } from '#src/common/parse-boolean-query.js';

export class TailQueryDto {
  /** Number of last lines, 1–10000. */
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number between 1 and 10000' })
  @Min(1, { message: 'must be between 1 and 10000' })
  @Max(10_000, { message: 'must be between 1 and 10000' })
  tail?: number = 100;

  /** Returns lines from this time on, RFC 3339. */
  @IsOptional()
  @Type(() => Date)
  @IsDate({ message: 'must be a time such as 2026-01-31T12:00:00.000Z' })
  since?: Date;

  /** Streams new lines as they are printed. */
  @IsOptional()
  @ParseBooleanQuery()
  @IsBoolean({ message: 'must be true or false' })
  follow?: boolean = false;
}

export class LogsQueryDto extends TailQueryDto {
  /** With `follow`: when a release is gone, continues with the release that replaced it. */
  @IsOptional()
  @ParseBooleanQuery()
  @IsBoolean({ message: 'must be true or false' })
  acrossReleases?: boolean = false;
}

export class DeleteDeploymentQueryDto {
  /** Deletes the volumes too. */
  @IsOptional()
  @ParseBooleanQuery()
  @IsBoolean({ message: 'must be true or false' })
  deleteVolumes?: boolean = false;
}
