import { TtlSeconds } from '#src/common/time/ttl.js';
import { IsInt, IsOptional, Matches, Max, Min } from 'class-validator';

export class RollbackDto {
  /** A release of the same name. Default: the previous release. */
  @IsOptional()
  @Matches(/^[a-z0-9]{1,40}$/, { message: 'must be the id of a deployment' })
  deploymentId?: string;
}

export class UpdateDeploymentDto {
  /** Desired replica count. */
  @IsOptional()
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be between 1 and 20' })
  @Max(20, { message: 'must be between 1 and 20' })
  replicas?: number;

  /** Seconds from now after which the deployment is removed; null: it does not expire. */
  @TtlSeconds()
  ttlSeconds?: number | null;
}
