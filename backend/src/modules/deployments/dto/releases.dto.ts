import { TtlSeconds } from '#src/common/time/ttl.js';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

export class RollbackDto {
  /** A release of the same name; missing: the one before. */
  @IsOptional()
  @Matches(/^[a-z0-9]{1,40}$/, { message: 'must be the id of a deployment' })
  deploymentId?: string;
}

export class UpdateDeploymentDto {
  /** How many are wanted. */
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be between 1 and 20' })
  @Max(20, { message: 'must be between 1 and 20' })
  replicas?: number;

  /** It is removed after that many seconds from now; null: it does not end by itself. */
  @TtlSeconds()
  ttlSeconds?: number | null;
}
