import { Type } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';

/** Of an operation that can wait for the next status. */
export class WaitQueryDto {
  /** Seconds to wait for a change, 1–60. */
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number of seconds between 1 and 60' })
  @Min(1, { message: 'must be between 1 and 60' })
  @Max(60, { message: 'must be between 1 and 60' })
  wait?: number;
}
