import { Type } from 'class-transformer';
import { IsInt, IsOptional, IsString, Max, MaxLength, Min } from 'class-validator';

/** The page of a list that a client asks for. */
export class PageQueryDto {
  /** Items per page. */
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be between 1 and 100' })
  @Max(100, { message: 'must be between 1 and 100' })
  limit?: number = 50;

  /** `nextCursor` of the previous page. */
  @IsOptional()
  @IsString({ message: 'must be a nextCursor' })
  @MaxLength(200, { message: 'must be a nextCursor' })
  cursor?: string;
}
